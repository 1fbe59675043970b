/**
 * The `wget` of the images. Debian builds busybox without the time limit of its wget and leaves the option in the grammar:
 * `wget -T 3`, which every walk through Services and NetworkPolicies has in it, crashes, and `--timeout` is unknown. The limit
 * is kept by `timeout` instead: it is of the whole download, which busybox itself would begin anew with each piece.
 */
export const WGET = `#!/bin/sh
limit=
left=$#
while [ $left -gt 0 ]; do
  argument=$1
  shift
  left=$((left - 1))
  case $argument in
    -T | --timeout | -[cqS]*T)
      limit=$1
      shift
      left=$((left - 1))
      argument=\${argument%T}
      case $argument in - | --timeout) continue ;; esac
      ;;
    --timeout=*) limit=\${argument#*=}; continue ;;
    -T*) limit=\${argument#-T}; continue ;;
    -[cqS]*T[0-9]*) limit=\${argument##*T}; argument=\${argument%T*} ;;
  esac
  set -- "$@" "$argument"
done
[ -n "$limit" ] || exec busybox wget "$@"
timeout "$limit" busybox wget "$@"
code=$?
# What a program is told that timeout of busybox, or of coreutils, has ended.
case $code in 124 | 143) echo 'wget: download timed out' >&2; code=1 ;; esac
exit $code
`;
