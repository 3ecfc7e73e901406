# shellcheck shell=bash
# Damage: a flat file cut short, and a descriptor lost.
chapter "4. Damage: a copy that broke off"
show 'mkdir cut && cp --sparse=always web01.vmdk web01-flat.vmdk cut/ && truncate --size 40M cut/web01-flat.vmdk'
show --returns 4 'vmdk check cut/web01.vmdk'
say "What is missing is an error, and never zeros."
show --returns 4 'vmdk read cut/web01.vmdk --offset 60M --length 512 > sector'

chapter "5. Damage: a descriptor lost"
show 'mkdir lost && cp --sparse=always web01-flat.vmdk lost/'
show 'vmdk describe lost/web01-flat.vmdk'
show 'vmdk compare web01.vmdk lost/web01.vmdk'
