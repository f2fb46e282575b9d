#!/bin/bash
# Stand-in for aws-cni: asks for ipamd as the real one does, and fails with its error where ipamd does not listen: code 999, and no
# cniVersion. Up to 1.22 ipamd listens on a port, and since 1.23 on a socket. The network it leaves to the bridge plugin.
VERSION="1.22"
SOCKET=/var/run/aws-node/ipamd.sock
conf=$(cat)

# fail TARGET ERROR: as gRPC says that it cannot connect.
fail() {
  printf '{"code":999,"msg":"add cmd: Error received from AddNetwork gRPC call: rpc error: code = Unavailable desc = connection error: desc = \\"transport: Error while dialing: dial %s: connect: %s\\""}\n' "$1" "$2"
  exit 1
}

case $CNI_COMMAND/$VERSION in
  ADD/1.22)
    { exec 3<> /dev/tcp/127.0.0.1/50051; } 2> /dev/null || fail 'tcp 127.0.0.1:50051' 'connection refused'
    ;;
  ADD/*)
    [[ -S $SOCKET ]] || fail "unix $SOCKET" 'no such file or directory'
    # A socket that nobody holds is a file without a row of the kernel's.
    grep -q " $SOCKET\$" /proc/net/unix || fail "unix $SOCKET" 'connection refused'
    ;;
esac
printf '%s' "${conf//\"aws-cni\"/\"bridge\"}" | "${0%/*}/bridge"
