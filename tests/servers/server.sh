# SPDX-License-Identifier: MIT
# Sourced by suite.sh: the web servers, each with a small configuration of its
# own, as somebody may have it already, and what `dario proxy --print-config`
# prints, as it is. They run in the foreground on a free port, never as root.
#
#	start_server   sets url, server_pid; reload_server; worker_pids
#	limits         what the server cannot do: "CASE reason", one a line

# Root becomes nobody, if nobody can read the tree.
if [ "$(id -u)" = 0 ]; then
	top=$(cd "$(dirname "$0")/../.." && pwd)
	as_nobody="setpriv --reuid=nobody --regid=nogroup --clear-groups"
	if $as_nobody test -x "${builddir:-$top}/dario.fcgi" \
		-a -r "${srcdir:-$top}/contrib/nginx/dario.conf" \
		-a -w "${TMPDIR:-/tmp}" 2>/dev/null; then
		exec $as_nobody sh "$0"
	fi
fi
. "$(dirname "$0")/../sh/lib.sh"
need curl python3 nginx ss
[ "$(id -u)" != 0 ] || case $server in
apache*) skip_all 'Apache does not run as root, and nobody cannot read the tree' ;;
esac

modules=/usr/lib/apache2/modules
sock=$tmp/run/s
mkdir -m 700 "$tmp/home" "$tmp/run"
mkdir "$tmp/www" "$tmp/conf"
echo 'the other site' >"$tmp/www/index.html"

printed() { # NAME [FILE]: the configuration, unchanged
	"$dario" proxy --print-config="$1" --socket="$sock" \
		>"${2:-$tmp/conf/dario.conf}"
}

in_background() { # COMMAND...: a server; sets server_pid
	start_process "$tmp/server.log" "$@"
	server_pid=$pid
}

# The worker of a server that does not start one.
start_worker() {
	start_process "$tmp/worker.log" "$builddir/dario.fcgi" --listen="$sock"
	worker=$pid
	wait_for test -S "$sock"
}

descendants() {
	for p in $(pgrep -P "$1"); do
		echo "$p"
		descendants "$p"
	done
}

worker_pids() {
	{
		echo "${worker-}"
		descendants "$server_pid"
	} | while read -r p; do
		[ "$(cat "/proc/$p/comm" 2>/dev/null)" != dario.fcgi ] ||
			echo "$p"
	done
}

# Processes that ended and were not waited for.
zombies() {
	for p in $(descendants "$server_pid"); do
		! grep -q '^State:.Z' "/proc/$p/status" 2>/dev/null || echo "$p"
	done
}

lighttpd_start() {
	mkdir "$tmp/up"
	cat >"$tmp/conf/main.conf" <<-EOF
	server.document-root = "$tmp/www"
	server.bind          = "127.0.0.1"
	server.port          = $port
	server.upload-dirs   = ( "$tmp/up" )
	server.feature-flags = ( "server.h2c" => "enable" )
	index-file.names     = ( "index.html" )
	mimetype.assign      = ( ".html" => "text/html" )
	server.modules       = ( "mod_deflate" )
	deflate.mimetypes    = ( "text/", "application/" )
	deflate.allowed-encodings = ( "gzip" )
	include "$tmp/conf/dario.conf"
	EOF
	in_background lighttpd -D -f "$tmp/conf/main.conf"
}

nginx_start() {
	h2_port=$(free_port)
	cat >"$tmp/conf/main.conf" <<-EOF
	$(test "$(id -u)" != 0 || echo 'user root;')
	daemon off; pid $tmp/nginx.pid; error_log stderr error;
	worker_processes 1; events { worker_connections 1024; }
	http { access_log off; gzip on; gzip_types *;
	client_body_temp_path $tmp/n1; proxy_temp_path $tmp/n2;
	fastcgi_temp_path $tmp/n3; uwsgi_temp_path $tmp/n4;
	scgi_temp_path $tmp/n5;
	include $tmp/conf/upstream.conf;
	server { listen 127.0.0.1:$port; listen 127.0.0.1:$h2_port http2;
	root $tmp/www;
	include $tmp/conf/dario.conf; } }
	EOF
	in_background nginx -p "$tmp" -c "$tmp/conf/main.conf"
}

apache_start() { # MODULES
	{
		cat <<-EOF
		ServerRoot "$tmp"
		ServerName localhost
		DefaultRuntimeDir "$tmp/run"
		PidFile "$tmp/apache.pid"
		ErrorLog "$tmp/apache.log"
		Listen 127.0.0.1:$port
		EOF
		for m in mpm_event authz_core authz_host alias dir env mime \
			deflate filter headers reqtimeout http2 $1; do
			echo "LoadModule ${m}_module $modules/mod_$m.so"
		done
		cat <<-EOF
		Protocols h2c http/1.1
		TypesConfig /dev/null
		StartServers 1
		ThreadsPerChild 150
		ThreadLimit 150
		MaxRequestWorkers 300
		GracefulShutDownTimeout 120
		KeepAliveTimeout 1
		SetOutputFilter DEFLATE
		DocumentRoot "$tmp/www"
		<Directory "$tmp/www">
			Require all granted
		</Directory>
		EOF
		cat "$tmp/conf/extra" 2>/dev/null
		[ ! -e "$tmp/conf/dario.conf" ] ||
			echo "Include \"$tmp/conf/dario.conf\""
	} >"$tmp/conf/main.conf"
	in_background apache2 -DFOREGROUND -f "$tmp/conf/main.conf"
}

start_server() {
	port=$(free_port)
	h2_port=$port
	prefix=/llm
	case $server in
	lighttpd)
		need lighttpd
		printed lighttpd
		lighttpd_start
		;;
	lighttpd-cgi)
		need lighttpd
		printed lighttpd-cgi
		lighttpd_start
		;;
	nginx)
		printed nginx
		printed nginx-upstream "$tmp/conf/upstream.conf"
		start_worker
		nginx_start
		;;
	apache-proxy)
		need apache2
		printed apache-proxy
		start_worker
		apache_start 'proxy proxy_fcgi'
		;;
	apache-fcgid)
		need apache2
		[ -e $modules/mod_fcgid.so ] || skip_all 'mod_fcgid is missing'
		printed apache-fcgid
		printf 'FcgidIPCDir "%s"\nFcgidProcessTableFile "%s"\n' \
			"$tmp/run/fcgid" "$tmp/run/shm" >"$tmp/conf/extra"
		apache_start fcgid
		;;
	apache-cgi) # a folder of a user, on a shared host
		need apache2
		prefix=/~me/llm
		site=$tmp/homes/me/public_html/llm
		mkdir -p "$site"
		printed cgi "$site/dario.cgi"
		printed htaccess "$site/.htaccess"
		chmod 755 "$site/dario.cgi"
		cat >"$tmp/conf/extra" <<-EOF
		ScriptSock "$tmp/run/cgid"
		UserDir "$tmp/homes/*/public_html"
		<Directory "$tmp/homes/*/public_html">
			AllowOverride All
			Require all granted
		</Directory>
		EOF
		apache_start 'cgid rewrite userdir'
		;;
	esac
	site=http://127.0.0.1:$port
	url=$site$prefix
	wait_for curl -s -o "$tmp/probe" "$site/" || {
		diag 'the server does not start:' "$(cat "$tmp"/*.log)"
		exit 1
	}
}

# A reload as a package's upgrade or an administrator does it.
reload_server() {
	case $server in
	nginx) kill -HUP "$server_pid" ;;
	*) kill -USR1 "$server_pid" ;;
	esac
}

# What a server cannot do, measured: see doc/webservers.md.
limits() {
	case $server in
	lighttpd*)
		echo 'gone-silent lighttpd does not watch the client until the answer begins, if the request was there when it accepted the connection'
		;;
	apache-*)
		echo 'slash Apache refuses %2F, unless AllowEncodedSlashes is On'
		echo 'gone-silent Apache notices when it writes, and not before'
		;;
	esac
	[ $server != lighttpd-cgi ] ||
		echo 'large-file it lies on the disk before the program sees who asks: 64 MiB are the limit'
	[ $server != apache-cgi ] ||
		echo "gone-at-once Apache has the port of the client's Host, and no .htaccess can change that"
	case $server in
	nginx | apache-proxy) ;;
	*) echo 'reuse it makes one for each request, or a process' ;;
	esac
	case $server in
	apache-fcgid)
		echo 'crash mod_fcgid ends the answer of a killed worker as if it were whole'
		;;
	*-cgi)
		echo 'crash to a web server the end of a CGI program is the end of its answer'
		;;
	esac
}
