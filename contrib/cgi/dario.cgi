#!/bin/sh
# dario as a plain CGI program, for a web server on which you can put files but
# change no configuration: shared hosting, with Apache or anything else that
# runs CGI programs. No process stays between requests; each request pays some
# 10 ms for the start.
#
#	mkdir -p ~/public_html/llm
#	dario proxy --print-config=cgi >~/public_html/llm/dario.cgi
#	dario proxy --print-config=htaccess >~/public_html/llm/.htaccess
#	chmod 755 ~/public_html/llm/dario.cgi
#
# Clients use https://HOST/~YOU/llm (or .../llm/v1) as base URL; without the
# .htaccess, https://HOST/~YOU/llm/dario.cgi.
#
# The program must run as the user who owns the folder of dario's files, as it
# does under suexec. Keep that folder out of public_html. Only requests from the
# machine itself under a loopback name are served until config.json in the
# folder has "apiKey" and, for HOST, "allowedHosts": see dario(1).

DARIO_HOME='/var/lib/dario'
export DARIO_HOME
exec '/usr/local/libexec/dario/dario.fcgi'
