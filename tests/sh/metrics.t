#!/bin/sh
# SPDX-License-Identifier: MIT
# /metrics: what the tools of Prometheus say to it, that each request is counted
# once in each way, and that the dashboard names what there is.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3

printf 'key\n' | "$dario" backend add groq --base-url=http://127.0.0.1:9/v1 --key-stdin 2>/dev/null
printf 'other\n' | "$dario" accounts add two --backend=groq --key-stdin 2>/dev/null
start_router --demo
name='we"ird\model'
for model in demo demo "$(printf %s "$name" | sed 's/[\\"]/\\&/g')"; do
	post /v1/chat/completions '{"model":"'"$model"'","messages":[{"role":"user","content":"hi"}]}' >/dev/null
done
post /v1/chat/completions '{"model":"groq:m","messages":[]}' >/dev/null
post /v1/messages '{"model":"demo","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"hi"}]}' >/dev/null
curl -s -D "$tmp/head" "$url/metrics" >"$tmp/plain"
like 'the usual form' "$(cat "$tmp/head")" 'text/plain; version=0.0.4'
curl -s -D "$tmp/head" -H 'Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5' "$url/metrics" >"$tmp/open"
like 'OpenMetrics, where it is asked for' "$(cat "$tmp/head")" 'application/openmetrics-text; version=1.0.0'

if command -v promtool >/dev/null; then
	is 'promtool has nothing to say' "$(promtool check metrics <"$tmp/plain" 2>&1)" ''
else
	diag 'promtool: not tried, it is not there'
fi

cat >"$tmp/check.py" <<'END'
import sys
form, path = sys.argv[1:]
if form == "open":
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
else:
    from prometheus_client.parser import text_string_to_metric_families as parse
families = {f.name: f for f in parse(open(path).read())}
assert len(families) > 30, len(families)
assert all(f.documentation for f in families.values())
assert all(f.type != "unknown" for f in families.values())
def total(name, **labels):
    return sum(s.value for s in families[name].samples
               if all(s.labels.get(k) == v for k, v in labels.items()))
print(*map(float, (total("dario_key_requests", status="2xx"), total("dario_key_requests", status="5xx"),
                   total("dario_model_requests"), total("dario_backend_requests"), total("dario_account_requests"))))
print(*sorted({s.labels["gen_ai_request_model"] for s in families["dario_model_requests"].samples}))
h = families["gen_ai_client_operation_duration_seconds"].samples
print(float(sum(s.value for s in h if s.name.endswith("_count"))),
      float(sum(s.value for s in h if s.labels.get("le") == "+Inf")))
print(sorted({(s.labels["gen_ai_provider_name"], s.labels["account"])
              for s in families["dario_account_headroom_ratio"].samples if s.labels["account"] == "two"}))
END
with_parser=
for p in python3 /usr/bin/python3; do
	[ -n "$with_parser" ] || ! "$p" -c 'import prometheus_client.openmetrics.parser' 2>/dev/null || with_parser=$p
done
wanted="3.0 2.0 5.0 5.0 5.0
demo m $name
5.0 5.0
[('groq', 'two')]"
for form in open plain; do
	if [ -n "$with_parser" ]; then
		is "the parser, $form: all is counted once" "$("$with_parser" "$tmp/check.py" $form "$tmp/$form" 2>&1)" "$wanted"
	else
		diag 'the parser of prometheus_client: not tried, it is not there'
	fi
done
is 'both forms have the same samples' "$(grep -v '^#' "$tmp/plain" | cut -d' ' -f1 | sort -u | md5sum)" \
	"$(grep -v '^#' "$tmp/open" | cut -d' ' -f1 | sort -u | md5sum)"

# What the dashboard names is there, as a sample and not only as a family.
cat >"$tmp/dashboard.py" <<'END'
import json, re, sys
board, metrics = json.load(open(sys.argv[1])), open(sys.argv[2]).read()
there = {re.split("[{ ]", line)[0] for line in metrics.splitlines() if line and line[0] != "#"}
names = [n for p in board["panels"] for t in p["targets"]
         for n in re.findall(r"\b(?:dario|gen_ai_(?:client|server))_[a-z_]+", t["expr"])]
labels = {n for p in board["panels"] for t in p["targets"]
          for n in re.findall(r"(?:by \(|\{\{)([a-z_]+)", t["expr"] + t["legendFormat"])} - {"le"}
print(len(names) > 20, sorted(set(names) - there),
      sorted(l for l in labels if l + '="' not in metrics))
END
is 'the dashboard names what there is' "$(python3 "$tmp/dashboard.py" "$srcdir/contrib/grafana/dario.json" "$tmp/plain")" 'True [] []'

# Names from outside have a cap.
python3 - "$url" <<'END'
import http.client, json, sys
c = http.client.HTTPConnection(sys.argv[1].split("//")[1])
for i in range(400):
    c.request("POST", "/v1/chat/completions", json.dumps(
        {"model": "model-%d" % i, "messages": []}), {"Content-Type": "application/json"})
    c.getresponse().read()
END
curl -s "$url/metrics" >"$tmp/many"
models=$(grep -c '^dario_model_requests_total{.*status="2xx"' "$tmp/many")
ok 'many models: few rows' [ "$models" -le 270 ]
like 'many models: the others' "$(cat "$tmp/many")" 'dario_model_requests_total{gen_ai_request_model="other",status='
is 'many models: nothing is lost' "$(awk '/^dario_model_requests_total/ { n += $NF } END { print n }' "$tmp/many")" 405
stop_router
done_testing
