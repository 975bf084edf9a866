#!/bin/sh
# Reports Ready to Azure, with curl, wget or nc. Printed by azprov.pyz script.
# Exit codes: 0 acknowledged, 69 no answer, 70 no program, 76 no goal state.
#! The lines that begin like this one are not printed. The printed script must have at most 4096
#! bytes: many small images have no Python, and an initramfs has little room.
#!
#! curl is the best client: it has a time limit, and uses no proxy and no redirect. busybox wget
#! follows redirects, so nc is used before it. The first status line counts, so that a page from
#! elsewhere is never treated as the answer. Not every busybox wget has -T, and its -P does nothing
#! together with -O. nc asks with HTTP/1.0, because such a reply is not in chunks. A program that
#! fails after a whole status line still delivered the answer to a POST.
# shellcheck disable=SC2086
set -f
export LC_ALL=C
host=${AZPROV_WIRESERVER:-@ADDRESS@}
limit=${AZPROV_TIMEOUT:-@TIMEOUT@}
type='Content-Type: text/xml;charset=utf-8'
nl='
'
say() {
	printf '%s\n' "$@" >&2
}
end() {
	say "azprov: $2"
	exit $1
}
has() {
	command -v $1 >/dev/null
}
clock() {
	read -r now _ </proc/uptime
	left=$((end - ${now%.*}))
}
case $limit in
0* | *[!0-9]* | ??????*) end 2 'AZPROV_TIMEOUT is not valid; set it to @TIMEOUT@' ;;
esac
trap 'exit 143' TERM
end=0
clock
end=$((limit - left))
data=--post-data
with=
at=
has timeout && at=timeout
if has curl; then
	at=
	with='curl -qsi --noproxy * -m'
	data=-d
elif case $(wget --version 2>&1) in GNU*) ;; *) false ;; esac; then
	with='wget -qSO- --no-config --no-proxy -t1 --max-redirect=0 -T'
elif ! has nc; then
	has wget || end 70 'no curl, wget or nc; install one'
	with='wget -qSO- -Y off -P'
fi
#! http PATH SECONDS [DOCUMENT]: sets reply, with the exit code of the program as its last line,
#! status (0 without a valid one), again (from Retry-After), and for a failure code and why.
http() {
	clock
	max=$((left > $2 ? $2 : left))
	[ $max -gt 0 ] || max=1
	set -- "$1" "$3" 'x-ms-version: @PROTOCOL@' 'x-ms-agent-name: @AGENT@'
	reply=$({
		if [ "$with" ]; then
			${at:+$at $max} $with $max --header "$3" --header "$4" --header "$type" ${2:+$data "$2"} "http://$host$1"
		else
			verb=${2:+POST}
			port=$host:80
			port=${port#*:}
			#! HTTP/1.0: such a reply is never in chunks.
			{
				printf '%s\r\n' "${verb:-GET} $1 HTTP/1.0" "Host: $host" "$3" "$4" "$type" "Content-Length: ${#2}" ''
				printf %s "$2"
			} | ${at:+$at $max} nc ${host%:*} ${port%%:*}
		fi 2>&1
		printf '\n%s' $?
	} | head -c 1114112 | tr '\000\r' '\001\n')
	status=0
	again=
	word=
	url=$1
	IFS='<'
	set -- $reply
	unset IFS
	for next in $1; do
		case $word$status in
		HTTP/1.[01][01]*) status=$next ;;
		[Rr]etry-[Aa]fter:*) again=${again:+x}$next ;;
		esac
		word=$next
	done
	code=69
	why="no usable reply from $host"
	case $status in
	200) ;;
	[1-9][0-9][0-9]) why="http://$host$url failed: $status" ;;
	*) status=0 ;;
	esac
}
#! Sets the three ids from reply; fails if it is not a whole goal state. No pattern that searches a long
#! text may have more than one *: that would be quadratic.
ids() {
	path=
	n=0
	open=
	unset inc con ins role
	IFS='<'
	set -- $reply
	unset IFS
	shift
	for t; do
		case $path#$t in
		*Id#/* | *Incarnation#/*) ;;
		*Id#* | *Incarnation#*) return 1 ;;
		esac
		case $open$t in
		!--*--\>*)
			open=
			continue
			;;
		!--*)
			open=!--
			continue
			;;
		\?*) continue ;;
		!*) return 1 ;;
		*\>*) ;;
		*) return 1 ;;
		esac
		[ ${#t} -lt 9999 ] || return 1
		tag=${t%%>*}
		set -- $tag
		name=$1
		case $t in
		/*) [ "/${path##*/}" = "$name" ] || return 1 ;;
		*)
			case $n$path in
			0 | ?/* | ??/* | ???/*) ;;
			*) return 1 ;;
			esac
			n=$((n + 1))
			path=$path/${name%/}
			set -- ${t#*>}
			text=$*
			case $text in
			*[!!-~]* | *\&*) text= ;;
			esac
			case $path in
			/GoalState/Incarnation) : "${inc=$text}" ;;
			/GoalState/Container/ContainerId) : "${con=$text}" ;;
			/GoalState/Container/RoleInstanceList/RoleInstance/InstanceId) : "${ins=$text}" ;;
			esac
			case $tag in
			*/) ;;
			*) continue ;;
			esac
			;;
		esac
		case $path in
		*/RoleInstance) : "${ins=}" ;;
		esac
		path=${path%/*}
	done
	[ "$inc" ] && [ "$con" ] && [ "$ins" ] && [ -z "$path" ]
}
report() {
	say 'Retrieving goal state from the Wireserver'
	http '@GOAL_STATE@' @GET_S@
	case $status$reply in
	200*"${nl}0") ;;
	*) return 1 ;;
	esac
	code=76
	why="no goal state from $host"
	ids || return 1
	xml="@DOCUMENT@"
	say "ContainerId: $con" "InstanceId: $ins" "Incarnation: $inc" 'Sending the following data to Wireserver:' "$xml"
	http '@HEALTH@' @POST_S@ "$xml"
	case $status in
	200) say 'Response: 200 OK' ;;
	2*) say "Response: $status" ;;
	*) return 1 ;;
	esac
}
pause=1
old=
until report; do
	clock
	[ $left -gt 1 ] || end $code "gave up after $limit s: $why; check the network, and what answers there"
	[ "$old" = "$why" ] || say "$why; retrying, $left s left"
	old=$why
	nap=$((status ? pause : 1))
	pause=$((status ? nap * 2 : 1))
	[ $pause -lt 9 ] || pause=8
	case $again in
	'' | 0* | *[!0-9]* | ?????*) ;;
	*) nap=$again ;;
	esac
	[ $nap -lt $left ] || nap=$((left - 1))
	sleep $nap &
	wait $!
done
