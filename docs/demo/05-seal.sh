# shellcheck shell=bash
# Seal: a frozen base, a bit that flipped by itself, and somebody who wrote.
chapter "9. A seal: what changed, and who changed it"
show 'mkdir sealed && cp --sparse=always web01.vmdk web01-flat.vmdk sealed/ && vmdk seal sealed/web01.vmdk'
show 'vmdk verify sealed/web01.vmdk'
say "A bit flips on the disk below. No program wrote it, so no time of change moves."
show 'cp -p sealed/web01-flat.vmdk before && printf "\1" | dd of=sealed/web01-flat.vmdk bs=1 seek=17M conv=notrunc status=none && touch -r before sealed/web01-flat.vmdk'
show --returns 4 'vmdk verify sealed/web01.vmdk'
show 'cp -p before sealed/web01-flat.vmdk'
say "A program writes to the frozen base."
show 'printf x | vmdk write sealed/web01.vmdk --offset 8M'
show --returns 1 'vmdk verify sealed/web01.vmdk'
