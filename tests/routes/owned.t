#!/bin/sh
# SPDX-License-Identifier: MIT
# What a provider keeps belongs to the person whose key made it.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd curl python3

mkfifo "$tmp/port"
start_process "$tmp/upstream.log" sh -c \
	"exec python3 '$srcdir/tests/routes/upstream.py' >'$tmp/port'"
read -r up <"$tmp/port"
"$dario" backend add b --base-url="http://127.0.0.1:$up/b/v1" --protocol=openai,responses --key=sk-b-0123456789abcdef 2>/dev/null
"$dario" backend add pool --base-url="http://127.0.0.1:$up/pool/v1" --protocol=openai --key=sk-pool-0123456789abcdef 2>/dev/null
"$dario" accounts add second --backend=pool --key=sk-second-0123456789abcdef 2>/dev/null
"$dario" backend add plain --base-url="http://127.0.0.1:$up/plain/v1" --protocol=openai --key=sk-plain-0123456789abcdef 2>/dev/null
export DARIO_ANTHROPIC_BASE_URL="http://127.0.0.1:$up/claude"
export DARIO_API_KEY=the-owner
anna=$("$dario" key add anna/laptop 2>/dev/null)
phone=$("$dario" key add anna/phone 2>/dev/null)
bob=$("$dario" key add bob --to=yes 2>/dev/null)
start_router

ask() { # KEY METHOD PATH [BODY]: the status
	curl -s -o "$tmp/body" -w '%{http_code}' -X "$2" -H "Authorization: Bearer $1" \
		-H 'Content-Type: application/json' ${4:+-d "$4"} "$url$3"
}
id() {
	json 'j["id"]' <"$tmp/body"
}
is 'a batch is made' "$(ask "$anna" POST /v1/batches '{"model":"b:m"}')" 200
batch=$(id)
is 'and a file by the owner' "$(ask the-owner POST /v1/files '{"model":"b:m"}')" 200
file=$(id)
is 'a response' "$(ask "$anna" POST /v1/responses '{"model":"b:m","input":"x"}')" 200
resp=$(id)
is 'its maker gets it' "$(ask "$anna" GET "/v1/batches/$batch")" 200
is "from another device, too" "$(ask "$phone" GET "/v1/batches/$batch")" 200
is 'the owner, too' "$(ask the-owner GET "/v1/batches/$batch")" 200
is 'and still its maker' "$(ask "$anna" GET "/v1/batches/$batch")" 200
is 'nobody else does' "$(ask "$bob" GET "/v1/batches/$batch")" 404
for method in DELETE POST; do
	is "nor can they $method it" "$(ask "$bob" $method "/v1/batches/$batch" '{}')" 404
done
is 'nor cancel it' "$(ask "$bob" POST "/v1/batches/$batch/cancel" '{}')" 404
is 'past the router nobody goes who may not' "$(ask "$anna" GET "/to/b/v1/batches/$batch") $(ask "$anna" POST /to/b/v1/anything '{}')" '403 403'
like 'that is said' "$(cat "$tmp/body")" 'dario key change'
"$dario" key change anna/phone --to=yes
is 'one who may does, to what is theirs' "$(ask "$phone" GET "/to/b/v1/batches/$batch")" 200
"$dario" key change anna/phone --to=no
is 'and no more' "$(ask "$phone" GET "/to/b/v1/batches/$batch")" 403
is 'nor past the router' "$(ask "$bob" GET "/to/b/v1/batches/$batch")" 404
is 'nor with a name that says nothing' "$(ask "$bob" GET "/to/b/v1/batches/x")" 403
for written in "$(echo "$batch" | sed 's/^b/%62/')" "$(echo "$batch" | sed 's/_/%5f/')" \
	"$(echo "$batch" | sed 's/^b/%2562/')" "$(echo "$batch" | sed 's/^b/%25%36%32/')"; do
	for path in /v1/batches /to/b/batches /to/b/v1/batches; do
		like "nor as $path/$written" "$(ask "$bob" GET "$path/$written")" 40
	done
done
is 'its maker may write it so' "$(ask "$anna" GET "/v1/batches/$(echo "$batch" | sed 's/^b/%62/')")" 200
is "the owner's file is not a person's" "$(ask "$anna" GET "/v1/files/$file")" 404
is 'nor is one that nobody knows' "$(ask "$anna" GET /v1/files/file-unknown)" 404
for path in /v1/files /v1/batches /v1/conversations /v1/vector_stores /v1/chat/completions /to/b/v1/files '/v1/files?limit=1'; do
	is "no list of $path" "$(ask "$anna" GET "$path")" 403
done
is 'the owner looks at a batch that is done' "$(ask the-owner GET "/v1/batches/$batch")" 200
out=$(json 'j["output_file_id"]' <"$tmp/body")
is 'what it has made is its maker'"'"'s' "$(ask "$anna" GET "/v1/files/$out") $(ask "$bob" GET "/v1/files/$out")" '200 404'
is 'the owner sees lists' "$(ask the-owner GET '/to/b/v1/files')" 200
is 'what is no store passes' "$(ask "$bob" GET /to/b/v1/engines) $(ask "$bob" POST /v1/moderations '{"model":"b:m","input":"x"}')" '200 200'
is 'a conversation goes on' "$(ask "$anna" POST /v1/responses "{\"model\":\"b:m\",\"input\":\"x\",\"previous_response_id\":\"$resp\"}")" 200
is 'not for others' "$(ask "$bob" POST /v1/responses "{\"model\":\"b:m\",\"input\":\"x\",\"previous_response_id\":\"$resp\"}")" 404
is 'an id that begins like none of ours' "$(ask "$anna" POST /v1/files '{"model":"plain:m"}')" 200
uuid=$(id)
is 'its maker gets it' "$(ask "$phone" GET "/v1/files/$uuid") $(ask "$anna" GET "/v1/files/$uuid")" '200 200'
is 'nobody else' "$(ask "$bob" GET "/v1/files/$uuid") $(ask "$bob" DELETE "/v1/files/$uuid") $(ask "$bob" GET "/to/plain/v1/files/$uuid")" '404 404 404'
names() { # KEY UUID: a request that names the file
	ask "$1" POST /v1/chat/completions "{\"model\":\"plain:m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"file\",\"file_id\":\"$2\"}]}]}"
}
is 'nor in a request' "$(names "$anna" "$uuid") $(names "$bob" "$uuid")" '200 404'
other=0191f5e2-0000-0000-0000-000000000000
is 'one that nobody made is any text' "$(names "$bob" "$other") $(ask "$bob" GET "/v1/files/$other")" '200 403'
is 'its maker gets the answer' "$(ask "$phone" GET "/v1/responses/$resp")" 200
is 'others do not' "$(ask "$bob" GET "/v1/responses/$resp")" 404
# who has limits looks at what they have paid for, as often as they may ask
carl=$("$dario" key add carl --spend=5/month --models='b:*' --rate=6/day 2>/dev/null)
is 'a key with limits: a response' "$(ask "$carl" POST /v1/responses '{"model":"b:m","input":"x","max_output_tokens":16}')" 200
paid=$(id)
is 'it is looked at' "$(ask "$carl" GET "/v1/responses/$paid") $(ask "$carl" GET "/v1/responses/$paid/input_items?limit=1")" '200 200'
is 'nobody else does' "$(ask "$anna" GET "/v1/responses/$paid") $(ask "$carl" GET "/v1/responses/$resp") $(ask "$carl" DELETE "/v1/responses/$resp")" '404 404 404'
is 'nothing is done with it' "$(ask "$carl" POST "/v1/responses/$paid/cancel" '{}') $(ask "$carl" GET "/v1/files/$paid") $(ask "$carl" GET "/to/b/v1/responses/$paid")" '400 400 400'
is 'it is deleted' "$(ask "$carl" DELETE "/v1/responses/$paid")" 200
is 'no more often than the key may ask' "$(for n in 1 2 3 4 5 6; do ask "$carl" GET "/v1/responses/$paid"; done | grep -o '...$')" 429
is 'a file in a batch, of another' "$(ask "$bob" POST /v1/batches "{\"input_file_id\":\"$file\"}")" 404
for name in 'previous\u005fresponse_id' previous_response_id; do
	is "nor written with escapes: $name" "$(ask "$bob" POST /v1/responses "{\"model\":\"b:m\",\"input\":\"x\",\"$name\":\"resp\\u005f${resp#resp_}\"}")" 404
done
is 'nor with the name alone' "$(ask "$bob" POST /v1/responses "{\"model\":\"b:m\",\"input\":\"x\",\"previous\\u005fresponse_id\":\"$resp\"}")" 404
is 'the owner may write as they like' "$(ask the-owner POST /v1/responses "{\"model\":\"b:m\",\"input\":\"x\",\"previous\\u005fresponse_id\":\"$resp\"}")" 200
is 'a store at a pool' "$(ask "$bob" POST /v1/vector_stores '{"model":"pool:m"}')" 200
store=$(id)
is 'ids that say nothing are nobody'"'"'s' "$(ask "$bob" POST /v1/vector_stores/e0f1-uuid/files '{}') $(ask "$bob" POST /v1/files/e0f1-uuid/content '{}') $(ask "$bob" GET /v1/files/e0f1-uuid)" '403 403 403'
is 'nor in the body of what is no dialogue' "$(ask "$bob" POST /v1/batches '{"input_files":["e0f1-uuid"]}') $(ask "$bob" POST /v1/batches '{"input_file_id":"e0f1-uuid"}')" '404 404'
is 'nor a container, nor a cache' "$(ask "$bob" POST /v1/responses '{"model":"b:m","input":"x","tools":[{"type":"code_interpreter","container":"cntr_other"}]}') $(ask "$bob" POST /v1/chat/completions '{"model":"b:m","messages":[{"role":"user","content":"x"}],"extra_body":{"google":{"cached_content":"cachedContents/abc"}}}')" '404 404'
is "a tool's input may have such members" "$(ask "$bob" POST /v1/chat/completions '{"model":"b:m","messages":[{"role":"user","content":"x"}],"x":{"container":"web-1","file_id":"readme"}}')" 200
is 'the owner may name them' "$(ask the-owner POST /v1/chat/completions '{"model":"b:m","messages":[{"role":"user","content":"x"}],"extra_body":{"google":{"cached_content":"cachedContents/abc"}}}')" 200
is 'takes no file of another' "$(ask "$bob" POST "/v1/vector_stores/$store/files" "{\"file_id\":\"$file\"}")" 404
is 'its maker uses it' "$(ask "$bob" POST "/v1/vector_stores/$store/search" '{"query":"x"}')" 200
typed() { # TYPE PATH BODY: the status
	curl -s -o "$tmp/body" -w '%{http_code}' -H "Authorization: Bearer $bob" -H "Content-Type: $1" -d "$3" "$url$2"
}
other='{"input_file_id":"'$file'"}'
for type in application/json text/plain '' application/x-www-form-urlencoded; do
	for path in /v1/batches /to/b/v1/batches /to/b/v1/anything; do
		status=$(typed "$type" "$path" "$other")
		is "a file of another in $path, ${type:-no type}" "${status%[04]}" 40
		status=$(typed "$type" "$path" "
 $other")
		is 'and behind blanks' "${status%[04]}" 40
	done
done
is 'what is no JSON passes' "$(typed text/plain /to/b/v1/anything 'a text')" 200
is "a person's JSON passes" "$(typed application/json /to/b/v1/anything '{"model":"other:x","n":1}')" 200
like 'as it is' "$(curl -s "http://127.0.0.1:$up/seen" | json '[x["body"] for x in j][-1]')" '"model":"other:x","n":1'
is "the owner's is not looked at" "$(ask the-owner POST /to/b/v1/anything '{"a":')" 200
for path in /to/b/v1/FILES '/to/b/v1/files;a=1' '/to/b/v1/files;' '/to/b/v1/Files;x/y' /to/b/v1beta/cachedContents /to/b/v1/organization/admin_api_keys; do
	is "no list of $path" "$(ask "$bob" GET "$path")" 403
done
for path in /v1/models/ft:x /to/b/api/delete /to/b/v1/anything/x; do
	is "no DELETE of $path" "$(ask "$bob" DELETE "$path")" 403
	is 'but for the owner' "$(ask the-owner DELETE "$path" '{"model":"b:m"}')" 200
done
is 'nor PUT' "$(ask "$bob" PUT /to/b/v1/anything '{}') $(ask "$bob" PATCH /to/b/v1/anything '{}')" '403 403'
"$dario" accounts add key --key=sk-ant-api03-0123456789abcdef 2>/dev/null
is 'the accounts, by a key' "$(ask "$bob" GET /to/claude/v1/x)" 200
cat >"$DARIO_HOME/accounts/me.json" <<-END
	{"alias":"me","accessToken":"sk-ant-oat01-0123456789abcdef","refreshToken":"r-0123456789","expiresAt":9999999999000}
END
chmod 600 "$DARIO_HOME/accounts/me.json"
for path in /to/claude/api/oauth/claude_cli/create_api_key /to/claude/v1/x /v1/to/claude/api/oauth/profile; do
	is "a log-in is its owner's: $path" "$(ask "$bob" POST $path '{}') $(ask the-owner POST $path '{}')" '403 200'
done

# A name that somebody else gets.
old=$("$dario" key add ute 2>/dev/null)
pad=$("$dario" key add ute/pad 2>/dev/null)
is 'a response of somebody' "$(ask "$old" POST /v1/responses '{"model":"b:m","input":"x"}')" 200
resp=$(id)
new=$("$dario" key rotate ute 2>/dev/null)
is 'with another key it is still theirs' "$(ask "$new" GET "/v1/responses/$resp")" 200
"$dario" key remove ute/pad
pad=$("$dario" key add ute/pad 2>/dev/null)
is 'with another device, too' "$(ask "$pad" GET "/v1/responses/$resp")" 200
"$dario" key remove ute 2>/dev/null
new=$("$dario" key add ute 2>/dev/null)
isnt_theirs() {
	[ "$(ask "$new" GET "/v1/responses/$resp")" = 404 ]
}
ok 'another person of that name has not made it' wait_for isnt_theirs # a store tells it soon
is 'nor may go on from it' "$(ask "$new" POST /v1/responses "{\"model\":\"b:m\",\"input\":\"x\",\"previous_response_id\":\"$resp\"}")" 404
is 'it is the owner'"'s" "$(ask the-owner GET "/v1/responses/$resp")" 200
is 'and stays so' "$(ask "$new" GET "/v1/responses/$resp")" 404
is 'what others have made is theirs' "$(ask "$phone" GET "/v1/batches/$batch")" 200
done_testing
