# shellcheck shell=bash
# The chain: snapshots, drift, an interrupted commit, a sealed base.
chapter "6. A snapshot: the flat file is frozen, and a delta takes what is written"
show 'vmdk snapshot create web01.vmdk --seal'
show 'yes later | head -c 2M | vmdk write web01-000001.vmdk --offset 20971520'
show 'vmdk chain web01.vmdk'
show 'vmdk drift web01-000001.vmdk'

chapter "7. The frozen base is what it was"
show 'vmdk verify web01.vmdk'
show --returns 5 'printf x | vmdk write web01.vmdk --offset 0'
say "A snapshot stands on it: writing to it would make the snapshot unreadable."

chapter "8. Back into one file"
show 'vmdk commit web01-000001.vmdk --dry-run'
show 'vmdk snapshot consolidate web01-000001.vmdk'
show 'vmdk info web01.vmdk'
