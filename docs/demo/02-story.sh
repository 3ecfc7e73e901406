# shellcheck shell=bash
# The story of a disk, and its map.
chapter "2. The story of the disk"
show 'vmdk web01.vmdk'

chapter "3. The map: what is data, what is a hole, and where it lies on the host"
show 'yes palimpsest | head -c 3M | vmdk write web01.vmdk --offset 16777216'
show 'vmdk map web01.vmdk'
