#!/bin/sh
# SPDX-License-Identifier: MIT
# Spend limits over HTTP: the same truth as dario key.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3

export DARIO_API_KEY=owner-key-0123456789
base=/v1/organizations/spend_limits
anna=$("$dario" key add anna --rate=60/min 2>/dev/null)
"$dario" key add bob --spend=20/month,5/day >/dev/null 2>&1
"$dario" key add bob/laptop >/dev/null 2>&1
start_router --demo --workers=2
ask() { # METHOD PATH [curl flags]: status; $tmp/body
	method=$1
	path=$2
	shift 2
	curl -gs -X "$method" -o "$tmp/body" -D "$tmp/head" -w '%{http_code}' \
		-H "x-api-key: $DARIO_API_KEY" "$@" "$url$base$path"
}
got() { # EXPRESSION of the body
	json "$1" <"$tmp/body"
}
set_limit() { # USER AMOUNT PERIOD: status
	ask POST '' -d "{\"scope\":{\"type\":\"user\",\"user_id\":\"$1\"},\"amount\":$2,\"period\":\"$3\"}"
}
file() { # NAME: its spend
	json 'j.get("spend")' <"$DARIO_HOME/keys/$1.json"
}
is 'no key' "$(curl -s -o "$tmp/body" -w '%{http_code}' "$url$base")" 401
is "a person's key" "$(curl -s -o "$tmp/body" -w '%{http_code}' -H "x-api-key: $anna" "$url$base")" 403
is 'that is an error as Anthropic has them' "$(got 'j["type"], j["error"]["type"], "request_id" in j')" "error permission_error True"

is 'created' "$(set_limit anna '"500"' monthly)" 200
is 'its form' "$(got 'sorted(j)')" "['amount', 'created_at', 'currency', 'id', 'period', 'scope', 'type', 'updated_at']"
is 'what it says' "$(got 'j["type"], j["scope"], j["amount"], j["currency"], j["period"]')" "spend_limit {'type': 'user', 'user_id': 'anna'} 500 USD monthly"
id=$(got 'j["id"]')
like 'its id' "$id" spl_
is 'the id of the request' "$(header request-id)" "$(header x-dario-request-id)"
is 'it is in the file' "$(file anna)" 5/month
is 'what else is there stays' "$("$dario" key show anna --json | json 'j["rate"], j["spend"]')" '60/min 5/month'
is 'another period beside it' "$(set_limit anna '"150"' daily) $(file anna)" '200 5/month,1.5/day'
is 'created again: it is the same' "$(set_limit anna '"700"' monthly) $(got 'j["id"]') $(file anna)" "200 $id 7/month,1.5/day"
is 'nothing may be spent' "$(set_limit anna '"0"' weekly) $(file anna)" '200 7/month,0/week,1.5/day'
is 'that counts on the next request' "$(post /v1/messages '{"model":"demo","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}' -H "x-api-key: $anna" >/dev/null; status)" 429
is 'taken away by null' "$(set_limit anna null weekly) $(got 'j["amount"]') $(file anna)" '200 None 7/month,1.5/day'
weekly=$(got 'j["id"]')
is 'null: a limit that is none, under its id' "$(ask GET "/$weekly") $(got 'j["id"], j["amount"], j["period"]')" "200 $weekly None weekly"
is 'null: in force, where it is from' "$(ask GET '/effective?user_ids[]=anna&period[]=weekly') $(got '[(d["amount"], d["spend_limit_id"], d["source"]["user_id"]) for d in j["data"]]')" "200 [(None, '$weekly', 'anna')]"
is 'one' "$(ask GET "/$id") $(got 'j["id"], j["amount"]')" "200 $id 700"
is 'there is no such' "$(ask GET /spl_none) $(got 'j["error"]["type"]')" '404 not_found_error'
is 'the list' "$(ask GET '') $(got '[(d["scope"]["user_id"], d["period"], d["amount"]) for d in j["data"]], j["has_more"]')" \
	"200 [('anna', 'daily', '150'), ('anna', 'weekly', None), ('anna', 'monthly', '700'), ('bob', 'daily', '500'), ('bob', 'monthly', '2000')] False"
first=$(got 'j["first_id"]')
last=$(got 'j["last_id"]')
is 'a page' "$(ask GET '?limit=3') $(got 'len(j["data"]), j["has_more"], j["first_id"]')" "200 3 True $first"
is 'the next one' "$(ask GET "?limit=3&after_id=$(got 'j["last_id"]')") $(got 'len(j["data"]), j["has_more"], j["last_id"]')" "200 2 False $last"
is 'pages by a cursor' "$(ask GET '?limit=3') $(got 'j["next_page"] == j["last_id"]') $(ask GET "?limit=3&page=$(got 'j["next_page"]')") $(got 'len(j["data"]), j["last_id"], j["next_page"]')" "200 True 200 2 $last None"
is 'of whom' "$(for q in scope_type=user 'scope_type[]=organization&scope_type[]=user' scope_type%5B%5D=user scope_type=organization 'scope_type[]=workspace'; do ask GET "?$q" >"$tmp/code"; got 'len(j["data"])'; done | tr '\n' ' ')" '5 5 5 0 0 '
is 'one before' "$(ask GET "?limit=2&before_id=$last") $(got '[d["period"] for d in j["data"]], j["has_more"]')" "200 ['monthly', 'daily'] True"
is 'an empty cursor is none' "$(ask GET '?limit=3&before_id=&after_id=') $(got 'len(j["data"]), j["has_more"]')" '200 3 True'
for q in limit=0 limit=1001 limit=x after_id=spl_x "after_id=$last&before_id=$first" page=x "page=$first&after_id=$first"; do
	is "refused: $q" "$(ask GET "?$q") $(got 'j["error"]["type"]')" '400 invalid_request_error'
done
for body in '{' '[]' '{}' '{"scope":{"type":"organization"},"amount":"1"}' '{"scope":{"type":"user","user_id":"anna"},"amount":5}' \
	'{"scope":{"type":"user","user_id":"anna"},"amount":"1.5"}' '{"scope":{"type":"user","user_id":"anna"},"amount":"-1"}' \
	'{"scope":{"type":"user","user_id":"anna"},"amount":"999999999999999"}' '{"scope":{"type":"user","user_id":"anna"},"amount":"1","period":"yearly"}' \
	'{"scope":{"type":"user","user_id":"anna"},"amount":"1","currency":"EUR"}'; do
	is "refused: $body" "$(ask POST '' -d "$body")" 400
done
is 'left out: nothing goes' "$(ask POST '' -d '{"scope":{"type":"user","user_id":"anna"},"period":"monthly"}') $(got 'j["error"]["message"].split(":")[0]')" '400 amount'
is 'a name with more behind it is another' "$(set_limit 'anna\u0000x' '"5"' monthly)" 404
is 'who has no key' "$(set_limit nobody '"1"' daily)" 404
is 'nor a name that is none' "$(set_limit ../../etc/x '"1"' daily)" 404
is 'none of that changed anything' "$(file anna)" 7/month,1.5/day

is 'in force' "$(ask GET '/effective?period[]=monthly') $(got '[(d["scope"]["user_id"], d["amount"], d["period_to_date_spend"], d["spend_limit_id"] is None) for d in j["data"]], j["next_page"]')" \
	"200 [('anna', '700', '0', False), ('bob', '2000', '0', False), ('bob/laptop', None, '0', True)] None"
is 'in force: its form' "$(got 'sorted(j["data"][0]), j["data"][0]["actor"]["type"]')" \
	"['actor', 'amount', 'currency', 'groups', 'period', 'period_to_date_spend', 'scope', 'source', 'spend_limit_id'] user_actor"
is 'in force: all periods of some' "$(ask GET '/effective?user_ids%5B%5D=bob&user_ids[]=anna') $(got 'len(j["data"])')" '200 6'
is 'in force: by a part of the name' "$(ask GET '/effective?q=LAP&period[]=daily') $(got '[d["scope"]["user_id"] for d in j["data"]]')" "200 ['bob/laptop']"
is 'in force: a page' "$(ask GET '/effective?limit=2&period[]=daily') $(got 'len(j["data"])')" '200 2'
is 'in force: the next' "$(ask GET "/effective?limit=2&period[]=daily&page=$(got 'j["next_page"]')") $(got '[d["scope"]["user_id"] for d in j["data"]]')" "200 ['bob/laptop']"
is 'in force: by what is spent' "$(ask GET '/effective?sort=spend_desc&period[]=monthly') $(got 'len(j["data"])')" '200 3'
for q in 'sort=spend_desc' 'sort=x' 'period[]=yearly' 'page=x' 'page=99999999999' 'limit=0'; do
	is "refused: $q" "$(ask GET "/effective?$q")" 400
done

is 'deleted' "$(ask DELETE "/$id") $(got 'j["type"], j["id"]')" "200 spend_limit_deleted $id"
is 'it is out of the file' "$(file anna)" 1.5/day
is 'and gone' "$(ask GET "/$id") $(ask DELETE "/$id")" '404 404'
is 'the audit' "$(ask GET '/audit?limit=1') $(got '[(d["type"], d["actor"], d["action"], d["target_id"], d["before"]["spend"], d["after"]["spend"], d["reason"]) for d in j["data"]], j["has_more"]')" \
	"200 [('audit_event', 'owner', 'change', 'anna', '7/month,1.5/day', '1.5/day', None)] True"
is 'the audit: what came before' "$(ask GET "/audit?limit=1&after_id=$(got 'j["data"][0]["id"]')") $(got 'j["data"][0]["after"]["spend"]')" '200 7/month,1.5/day'
is 'the audit: all of it, as dario key has it' "$(ask GET '/audit?limit=1000') $(got 'len(j["data"]), j["has_more"]')" "200 $("$dario" key audit --json | json 'len(j)') False"
audit() { # QUERY: the ids of a page
	echo "$(ask GET "/audit?$1") $(got '[d["id"] for d in j["data"]], j["has_more"], j["first_id"], j["last_id"]')"
}
all=$(got '[d["id"] for d in j["data"]]')
is 'the audit: no page at all says which it is' "$(audit limit=1000)" "200 $all False $(echo "$all" | tr -d '[],' | awk '{print $1, $NF}')"
is 'the audit: the first page' "$(audit limit=2)" '200 [9, 8] True 9 8'
is 'the audit: the next' "$(audit 'limit=2&after_id=8')" '200 [7, 6] True 7 6'
is 'the audit: back again' "$(audit 'limit=2&before_id=6')" '200 [8, 7] True 8 7'
is 'the audit: to its begin' "$(audit 'limit=2&before_id=7')" '200 [9, 8] False 9 8'
is 'the audit: to its end' "$(audit 'limit=3&after_id=3')" '200 [2, 1] False 2 1'
is 'the audit: nothing is before the first' "$(audit 'before_id=9')" '200 [] False None None'
is 'the audit: nor after the last' "$(audit 'after_id=1')" '200 [] False None None'
is 'the audit: an empty cursor is none' "$(audit 'limit=1&after_id=&before_id=')" '200 [9] True 9 9'
for q in limit=0 limit=1001 limit=x after_id=x before_id=-1 after_id=10 before_id=99999999999999999999 'after_id=3&before_id=3'; do
	is "the audit, refused: $q" "$(ask GET "/audit?$q") $(got 'j["error"]["type"]')" '400 invalid_request_error'
done
printf '{"time":' >>"$DARIO_HOME/keys/audit.jsonl"
is 'the audit: a line that was cut is none' "$(audit 'limit=1') $(ask GET '/audit?after_id=10')" '200 [9] True 9 9 400'
echo >>"$DARIO_HOME/keys/audit.jsonl"
ask GET '/audit?limit=1000' >/dev/null
unlike 'the audit: no hash' "$(cat "$tmp/body")" sha256
"$dario" key change anna --spend=3/week
is 'what dario key changes is seen' "$(ask GET '') $(got '[(d["period"], d["amount"]) for d in j["data"] if d["scope"]["user_id"] == "anna"]')" "200 [('weekly', '300')]"
is 'null twice: the same' "$(set_limit anna null weekly) $(set_limit anna null weekly) $(got 'j["id"]') $(ask GET '') $(got '[d["amount"] for d in j["data"] if d["period"] == "weekly"]')" "200 200 $weekly 200 [None]"
is 'null: deleted' "$(ask DELETE "/$weekly") $(got 'j["type"]') $(ask GET "/$weekly") $(set_limit anna '"300"' weekly)" '200 spend_limit_deleted 404 200'
is 'null beside a sum' "$(set_limit anna null daily) $(set_limit bob null weekly) $(file anna)" '200 200 3/week'
is 'null: a sum takes its place' "$(set_limit anna '"9"' daily) $(ask GET '') $(got '[(d["period"], d["amount"]) for d in j["data"] if d["scope"]["user_id"] == "anna"]')" "200 200 [('daily', '9'), ('weekly', '300')]"
"$dario" key change bob --spend=20/month,5/day
is 'null: dario key says anew what is limited' "$(ask GET '') $(got '[d["period"] for d in j["data"] if d["scope"]["user_id"] == "bob"]')" "200 ['daily', 'monthly']"
is 'another method' "$(ask PATCH "/$id")" 405
done_testing
