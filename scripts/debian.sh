#!/bin/sh
# Installs from Debian what is not there yet.
#   build   what npm ci needs to compile raw-socket
#   test    that, and the programs that the tests drive
#   bench   that, and the programs that the benchmark stands beside
# (Debian starts nginx as a service once it is installed; the tests run one of their own and don't need that.)
set -eu

usage() {
  echo "usage: sh scripts/debian.sh build|test|bench" >&2
  exit 64
}

# A command or file, and the package it comes in.
build='g++ g++
make make
python3 python3'
test='ip iproute2
nft nftables
nginx nginx-light
tcpdump tcpdump
tshark tshark
curl curl
nc netcat-openbsd
/usr/lib/python3/dist-packages/scapy python3-scapy
/etc/services netbase
setcap libcap2-bin
groff groff-base
prove perl
zsh zsh
fish fish'
bench='hping3 hping3
nping nmap
masscan masscan
/usr/sbin/zmap zmap
/usr/bin/traceroute.db traceroute
/usr/bin/tcptraceroute.mt tcptraceroute
mtr mtr-tiny'

case "${1-}" in
  build) wanted=$build ;;
  test) wanted="$build
$test" ;;
  bench) wanted="$build
$test
$bench" ;;
  *) usage ;;
esac

PATH=$PATH:/usr/sbin:/sbin
missing=$(echo "$wanted" | while read -r needed package; do
  command -v "$needed" >/dev/null || [ -e "$needed" ] || printf ' %s' "$package"
done)
[ -n "$missing" ] || exit 0

install="apt-get install --yes --no-install-recommends$missing"
echo "installing from Debian:$missing"
if [ "$(id -u)" = 0 ]; then
  as_root=
elif command -v sudo >/dev/null; then
  as_root=sudo
else
  echo "scripts/debian.sh: no root and no sudo to install$missing: run as root: apt-get update && $install" >&2
  exit 77
fi
$as_root apt-get update
# shellcheck disable=SC2086 -- the words of $install are its arguments
$as_root env DEBIAN_FRONTEND=noninteractive $install </dev/null
