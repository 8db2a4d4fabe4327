#!/bin/sh
# SPDX-License-Identifier: MIT
# What costs more or less than text as usual: images and sound, by their tokens or
# length; tiers, searches; and batches, at half, once.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd curl python3

mkfifo "$tmp/port"
start_process "$tmp/provider.log" sh -c 'exec python3 "$1" >"$2"' - "$srcdir/tests/money/media.py" "$tmp/port"
read -r provider_port <"$tmp/port"
provider=http://127.0.0.1:$provider_port
export DARIO_API_KEY=the-owner
"$dario" backend add anth --key=k --base-url="$provider" --protocol=anthropic --models='claude-*' 2>/dev/null
"$dario" backend add open --key=k --base-url="$provider/v1" 2>/dev/null
"$dario" backend add answers --key=k --base-url="$provider/v1" --protocol=responses 2>/dev/null
anna=$("$dario" key add anna 2>/dev/null)
start_router
# costs NAME MODEL PATH BODY WANTED: what one request more costs
costs() {
	before=$(dollars)
	was=$(requests)
	post "$3" "{\"model\":\"${at:-open}:$2\",$4}" -H "x-api-key: $DARIO_API_KEY" >"$tmp/answer"
	wait_for more_than "$was"
	is "$1" "$(status) $(($(dollars) - before))" "200 $5"
}
requests() {
	"$dario" usage --by=backend --json | json 'j["total"]["requests"]'
}
read_tokens() {
	"$dario" usage --by=backend --json | json 'j["total"]["uncached"]'
}
more_than() {
	[ "$(requests)" -gt "$1" ]
}
dollars() {
	"$dario" usage --by=backend --json | json 'round(j["total"]["cost"] * 1e9) if not isinstance(j["total"]["cost"], str) else 0'
}
image='"usage":{"input_tokens":1500,"output_tokens":1000,"total_tokens":2500,"input_tokens_details":{"text_tokens":500,"image_tokens":1000}}'
# 500 at 5, 1000 at 10, 1000 at 40
costs 'an image, its tokens' gpt-image-1 /v1/images/generations "$image" 52500000
costs 'one that is large' gpt-image-1 /v1/images/generations "$image,\"pad\":3000000" 52500000
costs 'one of a few pieces' gpt-image-1 /v1/images/edits "$image,\"pad\":60000" 52500000
costs 'as a stream' gpt-image-1 /v1/images/generations "$image,\"stream\":true,\"pad\":200000" 52500000
# of the 1000 tokens of images 400 were cached: 500 at 5, 600 at 10, 400 at 2.5, 1000 at 40
costs 'some of it cached' gpt-image-1 /v1/images/generations \
	'"usage":{"input_tokens":1500,"output_tokens":1000,"input_tokens_details":{"text_tokens":500,"image_tokens":1000,"cached_tokens":400,"cached_tokens_details":{"image_tokens":400,"text_tokens":0}}}' 49500000
# Chat with sound: 100 at 2.5, 900 at 32; 50 at 10, 250 at 64
costs 'sound, in and out' gpt-audio /v1/chat/completions \
	'"messages":[{"role":"user","content":"x"}],"choices":1,"usage":{"prompt_tokens":1000,"completion_tokens":300,"total_tokens":1300,"prompt_tokens_details":{"audio_tokens":900,"cached_tokens":0},"completion_tokens_details":{"audio_tokens":250,"text_tokens":50}}' \
	45550000
costs 'more sound than there is' gpt-audio /v1/chat/completions \
	'"messages":[{"role":"user","content":"x"}],"choices":1,"usage":{"prompt_tokens":1000,"completion_tokens":0,"total_tokens":1000,"prompt_tokens_details":{"audio_tokens":99000}}' \
	32000000
costs 'a large answer tells, too' gpt-4o /v1/chat/completions \
	'"messages":[{"role":"user","content":"x"}],"choices":1,"pad":1500000,"usage":{"prompt_tokens":1000,"completion_tokens":300,"total_tokens":1300}' \
	5500000
spoken() { # MODEL JSON: a form, as speech is sent
	before=$(dollars)
	was=$(requests)
	printf '%s' "$2" >"$tmp/sound"
	curl -s -o "$tmp/answer" -w '%{http_code}' -H "x-api-key: $DARIO_API_KEY" -F model="open:$1" -F "file=@$tmp/sound" "$url/v1/audio/transcriptions" >"$tmp/status"
	wait_for more_than "$was"
	echo "$(status) $(($(dollars) - before))"
}
is 'speech by its length: 100 s at 0.36 an hour' "$(spoken whisper-1 '{"usage":{"type":"duration","seconds":100}}')" '200 10000000'
# 10 at 2.5, 990 at 6, 100 at 10
is 'speech by its tokens' "$(spoken gpt-4o-transcribe '{"usage":{"type":"tokens","input_tokens":1000,"output_tokens":100,"total_tokens":1100,"input_token_details":{"text_tokens":10,"audio_tokens":990}}}')" \
	'200 6965000'
printf '{"prices":[{"match":["mine"],"input":1,"output":2,"image":{"output":100},"batch":0.25}]}' >"$DARIO_HOME/prices.json"
chmod 600 "$DARIO_HOME/prices.json"
costs 'own prices' mine /v1/images/generations '"usage":{"input_tokens":1000,"output_tokens":1000,"output_tokens_details":{"image_tokens":900,"text_tokens":100}}' \
	91200000
# xAI's, whose usage has a cost and no tokens; where that counts
printf '{"name":"bills","apiKey":"k","baseUrl":"%s/v1","protocol":"openai,responses","tellsCost":true}' "$provider" >"$DARIO_HOME/backends/bills.json"
chmod 600 "$DARIO_HOME/backends/bills.json"
at=bills costs 'an image whose cost is told' grok-2-image /v1/images/generations '"n":3,"usage":{"cost_in_usd_ticks":400000000}' 40000000
at=bills costs 'a tool whose answer tells it' gpt-4o /v1/responses \
	'"input":"x","told":{"id":"resp_9","object":"response","output":[{"type":"file_search_call","id":"f"},{"type":"code_interpreter_call","id":"c","container_id":"x"}],"usage":{"input_tokens":10,"output_tokens":10,"cost_in_usd_ticks":70000000}}' 7000000
own='{"prices":[{"match":["mine"],"input":1,"output":2,"batch":0.25},{"match":["painter"],"input":0,"output":0,"images":[{"size":"1024x1792","quality":"hd","price":0.12},{"quality":"hd","price":0.08},{"size":"1024x1792","price":0.08},{"price":0.04}]},
	{"match":["square"],"input":0,"output":0,"images":[{"size":"512x512","price":0.018}]}]}'
printf '%s' "$own" >"$tmp/own" && cat "$tmp/own" >"$DARIO_HOME/prices.json"
costs 'an image that tells nothing' painter /v1/images/generations '"prompt":"x"' 40000000
costs 'by its quality' painter /v1/images/generations '"prompt":"x","quality":"hd"' 80000000
costs 'by its size' painter /v1/images/generations '"prompt":"x","size":"1024x1792","quality":"standard"' 80000000
costs 'by both, three of them' painter /v1/images/generations '"prompt":"x","n":3,"size":"1024x1792","quality":"hd"' 360000000
costs "OpenAI's own, by size and quality" dall-e-3 /v1/images/generations '"prompt":"x","size":"1792x1024","quality":"hd"' 120000000
costs 'and as usual, two' dall-e-3 /v1/images/generations '"prompt":"x","n":2' 80000000
costs 'the older one' dall-e-2 /v1/images/generations '"prompt":"x","size":"512x512"' 18000000
costs 'an odd number of them' painter /v1/images/generations '"prompt":"x","n":-1e99' 40000000
costs 'as a stream' painter /v1/images/generations '"prompt":"x","stream":true' 40000000
costs 'one that tells tokens, which have no price' painter /v1/images/generations '"prompt":"x","usage":{"input_tokens":9,"output_tokens":9}' 40000000
costs 'one that tells zeros' dall-e-3 /v1/images/generations '"prompt":"x","n":2,"usage":{"input_tokens":0,"output_tokens":0,"total_tokens":0}' 80000000
untold=$("$dario" usage --by=backend --json | json 'j["total"]["usageUnknown"]')
costs 'of a size that is not known' square /v1/images/generations '"prompt":"x","size":"1x1"' 0
is 'that is said' "$("$dario" usage --by=backend --json | json 'j["total"]["usageUnknown"]')" "$((untold + 1))"
for wrong in '"images":5' '"images":[{"size":"1x1"}]' '"images":[{"price":-1}]' '"images":[{"price":1,"size":5}]' '"images":[5]' '"image":5' '"image":{"input":-1}' '"audio":{"output":"x"}' '"hour":-1' '"batch":"half"' '"read":"0.1"' '"search":-1'; do
	printf '{"prices":[{"match":["mine"],"input":1,"output":2,%s}]}' "$wrong" >"$tmp/wrong"
	mkdir -p "$tmp/other"
	chmod 700 "$tmp/other"
	(umask 077; cp "$tmp/wrong" "$tmp/other/prices.json")
	DARIO_HOME=$tmp/other "$dario" proxy --check --port="$(free_port)" >"$tmp/said" 2>&1
	is "a wrong price: $wrong" "$?" 1
	like 'it is named' "$(cat "$tmp/said")" "$(echo "$wrong" | cut -d'"' -f2)"
done

# How it was served, and searches: for everybody, as the answer tells it.
chat() { # TIER
	printf '"messages":[{"role":"user","content":"x"}],"told":{"id":"c","object":"chat.completion","created":1,"model":"gpt-4o","service_tier":"%s","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"\\"service_tier\\":\\"flex\\""}}],"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}}' "$1"
}
costs 'as usual' gpt-4o /v1/chat/completions "$(chat default)" 3500000
costs 'with priority: twice' gpt-4o /v1/chat/completions "$(chat priority)" 7000000
costs 'when there is room: half' gpt-4o /v1/chat/completions "$(chat flex)" 1750000
message_of() { # MEMBERS of usage
	printf '"max_tokens":9,"messages":[{"role":"user","content":"x"}],"told":{"id":"msg_1","type":"message","role":"assistant","model":"claude-opus-4-5","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1000,"output_tokens":100,%s}}' "$1"
}
costs_of_claude() { # NAME MEMBERS WANTED
	before=$(dollars)
	was=$(requests)
	post /v1/messages "{\"model\":\"claude-opus-4-5\",$(message_of "$2")}" -H "x-api-key: ${key:-$DARIO_API_KEY}" >"$tmp/answer"
	wait_for more_than "$was"
	is "$1" "$(status) $(($(dollars) - before))" "200 $3"
}
costs_of_claude 'Claude, as usual' '"service_tier":"standard"' 7500000
costs_of_claude 'Claude, fast' '"speed":"fast"' 45000000
costs_of_claude 'Claude, in one country' '"inference_geo":"us","speed":"standard"' 8250000
costs_of_claude 'Claude, with three searches' '"server_tool_use":{"web_search_requests":3}' 37500000
iterations() { # ENTRIES
	printf '"iterations":[%s]' "$1"
}
entry() { # TYPE INPUT OUTPUT [MODEL]
	printf '{"type":"%s","input_tokens":%s,"output_tokens":%s,"cache_read_input_tokens":0,"cache_creation_input_tokens":0%s}' "$1" "$2" "$3" "${4:+,\"model\":\"$4\"}"
}
answer=$(entry message 1000 100)
# of "mine": 1000 at 1, 100 at 2
advised=$(iterations "$answer,$(entry advisor_message 1000 100 mine)")
costs_of_claude 'Claude, with an advisor: at the price of its own model' "$advised" 8700000
many=$(for i in $(seq 150); do entry compaction 100 0; echo ,; done)
costs_of_claude 'Claude, with many compactions' "$(iterations "$many$answer")" 82500000
costs_of_claude 'Claude, with a compaction, which no sum has' "$(iterations "$(entry compaction 2000 100),$answer")" 20000000
# One declined behind 10 tokens, one at once, the last has answered.
fell=$(iterations "$(entry message 500 10 claude-opus-4-5),$(entry message 700 0 dear),$(entry fallback_message 1000 100 mine)")
costs_of_claude 'Claude, who fell back: each that has said something' "$fell" 3950000
at=anth
costs 'the same in a stream' claude-opus-4-5 /v1/messages "\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"stream\":true,\"events\":[{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-opus-4-5\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":1000,\"output_tokens\":1}}},{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}},{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}},{\"type\":\"content_block_stop\",\"index\":0},{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"input_tokens\":1000,\"output_tokens\":100,$advised}},{\"type\":\"message_stop\"}]" 8700000
at=
searched='{"type":"web_search_call","id":"ws_1","status":"completed","action":{"type":"search","query":"x"}}'
opened='{"type":"web_search_call","id":"ws_2","status":"completed","action":{"type":"open_page","url":"http://x"}}'
at=answers
costs 'Responses: two searches, and a page' gpt-4o /v1/responses \
	"\"input\":\"x\",\"told\":{\"id\":\"resp_1\",\"object\":\"response\",\"status\":\"completed\",\"output\":[$searched,$opened,$searched],\"usage\":{\"input_tokens\":1000,\"output_tokens\":100,\"total_tokens\":1100}}" \
	23500000
# Tools that it runs itself: 3.5 thousandths for the text, and what each costs.
hosted() { # OUTPUT [MEMBERS of the answer [of the request]]
	printf '"input":"x","told":"%s"%s' "$(response "$@" | text)" "${3:-}"
}
text() {
	sed 's/\\/\\\\/g; s/"/\\"/g'
}
response() {
	printf '{"id":"resp_1","object":"response","status":"completed","output":[%s]%s,"usage":{"input_tokens":1000,"output_tokens":100,"total_tokens":1100}}' "$1" "${2:-}"
}
call() { # TYPE [MEMBERS]
	printf '{"type":"%s_call","id":"i_1","status":"%s"%s}' "$1" "${state:-completed}" "${2:-}"
}
found=$(call file_search)
ran=$(call code_interpreter ',"container_id":"cntr_1"')
again=$(call code_interpreter ',"container_id":"cntr_2"')
drawn=$(call image_generation ',"result":"iVBOR","quality":"low","size":"1024x1024"')
of_images() { # INPUT OUTPUT
	printf ',"tool_usage":{"image_gen":{"input_tokens":%s,"input_tokens_details":{"image_tokens":0,"text_tokens":%s},"output_tokens":%s,"output_tokens_details":{"image_tokens":%s,"text_tokens":0},"total_tokens":9},"web_search":{"num_requests":0}}' "$1" "$1" "$2" "$2"
}
drawer=',"tools":[{"type":"image_generation","model":"gpt-image-2"}]'
costs 'a tool: files, two searches' gpt-4o /v1/responses "$(hosted "$found,$found")" 8500000
costs 'a tool: one that failed' gpt-4o /v1/responses "$(hosted "$(state=failed call file_search)")" 3500000
costs 'a tool: a function is none' gpt-4o /v1/responses "$(hosted '{"type":"function_call","id":"f","call_id":"c","name":"file_search_call","arguments":"{}"}')" 3500000
costs 'a tool: a container, however often it is used' gpt-4o /v1/responses "$(hosted "$ran,$ran")" 33500000
costs 'a tool: two of them' gpt-4o /v1/responses "$(hosted "$ran,$again")" 63500000
costs 'a tool: a large one' gpt-4o /v1/responses "$(hosted "$ran" ',"tools":[{"type":"code_interpreter","container":{"type":"auto","memory_limit":"16g"}}]')" 483500000
costs 'a tool: as it was asked for' gpt-4o /v1/responses "$(hosted "$ran" '' ',"tools":[{"type":"code_interpreter","container":{"type":"auto","memory_limit":"4g"}}]')" 123500000
# 100 at 5 and 2000 at 30 for a million
costs 'a tool: an image, by its tokens' gpt-4o /v1/responses "$(hosted "$drawn" "$(of_images 100 2000)$drawer")" 64000000
costs 'a tool: as the request names its model' gpt-4o /v1/responses "$(hosted "$drawn" "$(of_images 100 2000)" "$drawer")" 64000000
# 408 at 30; at 40 where none is named
costs 'a tool: an image, by its quality' gpt-4o /v1/responses "$(hosted "$drawn" "$drawer")" 15740000
costs 'a tool: with zeros in place of its tokens' gpt-4o /v1/responses "$(hosted "$drawn" "$(of_images 0 0)$drawer")" 15740000
costs 'a tool: of a model that is not named' gpt-4o /v1/responses "$(hosted "$drawn")" 19820000
costs 'a tool: no image was drawn' gpt-4o /v1/responses "$(hosted '' "$(of_images 0 0)$drawer")" 3500000
billed=$(of_images 0 0 | sed 's/num_requests":0/num_requests":1/')
costs 'a search that is not billed' gpt-4o /v1/responses "$(hosted "$searched,$searched" "$billed")" 13500000
# What is too large to be held tells it at its end, or is estimated.
large=$(hosted "$(call image_generation ',"quality":"high","result":"AAAA"')" "$(of_images 100 2000)" "$drawer")
{
	printf '{"model":"answers:gpt-4o",%s' "${large%%AAAA*}"
	head -c 1300000 /dev/zero | tr '\0' A
	printf '%s}' "${large#*AAAA}"
} >"$tmp/large"
costs_large() { # NAME WANTED
	before=$(dollars)
	was=$(requests)
	curl -s -o "$tmp/answer" -w '%{http_code}' -H "x-api-key: $DARIO_API_KEY" -H 'Content-Type: application/json' --data-binary "@$tmp/large" "$url/v1/responses" >"$tmp/status"
	wait_for more_than "$was"
	is "$1" "$(status) $(($(dollars) - before))" "200 $2"
}
costs_large 'a tool: a large image' 64000000
sed -i 's/tool_usage/other_usage/' "$tmp/large"
# 6240 at 30
costs_large 'a tool: a large image that tells nothing' 190700000
# Streams
done_with() { # ITEM
	printf '{"type":"response.output_item.done","output_index":0,"item":%s}' "$1"
}
created='{"type":"response.created","response":{"id":"resp_1","object":"response","status":"in_progress","output":[]}}'
streamed() { # EVENTS [MEMBERS]
	printf '"input":"x","stream":true,"events":"%s"%s' "$(printf '[%s,%s]' "$created" "$1" | text)" "${2:-}"
}
completed() {
	printf '{"type":"response.completed","response":%s}' "$(response "$@")"
}
costs 'a tool: in a stream' gpt-4o /v1/responses "$(streamed "$(done_with "$found"),$(done_with "$ran"),$(completed "$found,$ran")")" 36000000
costs 'a tool: an image in a stream' gpt-4o /v1/responses "$(streamed "$(done_with "$drawn"),$(completed "$drawn" "$(of_images 100 2000)$drawer")")" 64000000
at=
# A key with limits pays the same.
dave=$("$dario" key add dave --spend=100/month 2>/dev/null)
dave_paid() {
	"$dario" key show dave --json | json 'round(float(j["used"]["spend"]["month"]) * 1e9)'
}
dave_paid_more() {
	[ "$(dave_paid)" != "$had" ]
}
dave_pays() { # NAME BODY WANTED
	had=$(dave_paid)
	post /v1/responses "{\"model\":\"answers:gpt-4o\",$2}" -H "x-api-key: $dave" >"$tmp/answer"
	wait_for dave_paid_more
	is "a key, a tool: $1" "$(($(dave_paid) - had))" "$3"
}
dave_pays 'files and a container' "$(hosted "$found,$ran")" 36000000
is 'a key, a tool: nothing was asked for' "$(header x-dario-preflight)" ''
dave_pays 'an image' "$(hosted "$drawn" "$(of_images 100 2000)" "$drawer")" 64000000
like 'a key, a tool: how often has no bound' "$(header x-dario-preflight)" unknown
dave_pays 'an image at most' "$(hosted "$drawn" "$(of_images 100 2000)" "$drawer,\"max_tool_calls\":1")" 64000000
is 'a key, a tool: the bound is known' "$(header x-dario-preflight)" ''
dave_pays 'an image of a model without a price: the default' "$(hosted "$drawn" "$(of_images 100 2000)" ',"tools":[{"type":"image_generation","model":"unknown-painter"}]')" 54000000
broken=$(streamed "$(done_with "$found"),$(done_with "$drawn"),$(done_with "$ran")" ",\"cut\":9$drawer")
# files, an image of 408 at 30, a container; and the body, four bytes a token
size=$(printf '{"model":"gpt-4o",%s}' "$broken" | wc -c)
dave_pays 'a stream that breaks off: what it has done' "$broken" $((2500000 + 12240000 + 30000000 + (size + 3) / 4 * 2500))
broken=$(streamed "$(done_with "$searched"),$(done_with "$opened"),$(done_with "$searched")" ',"cut":9')
size=$(printf '{"model":"gpt-4o",%s}' "$broken" | wc -c)
dave_pays 'a stream that breaks off behind two searches' "$broken" $((20000000 + (size + 3) / 4 * 2500))
block() { # NAME
	printf '{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"srvtoolu_1","name":"%s","input":{}}},{"type":"content_block_stop","index":0}' "$1"
}
begun='{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-opus-4-5","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1000,"output_tokens":0}}}'
had=$(dave_paid)
post /v1/messages "{\"model\":\"claude-opus-4-5\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"stream\":true,\"cut\":9,\"events\":[$begun,$(block web_search),$(block web_fetch),$(block web_search)]}" -H "x-api-key: $dave" >"$tmp/answer"
wait_for dave_paid_more
is "a key, a tool: Claude's stream that breaks off behind two searches" "$(($(dave_paid) - had))" 25000000
advice() { # CONTENT
	printf '{"type":"content_block_start","index":1,"content_block":{"type":"advisor_tool_result","tool_use_id":"srvtoolu_1","content":%s}},{"type":"content_block_stop","index":1}' "$1"
}
# of "mine", which has read the same: 1000 at 1, 10 at 2; and 1000 at 5 before it.
# A text that was shown counts as one of the answer as well, 10 at 25.
for content in '{"type":"advisor_result","text":"0123456789\u00e912345678901234567890123456789"}' \
	'{"type":"advisor_redacted_result","encrypted_content":"0123456789012345678901234567890123456789"}'; do
	case $content in *encrypted*) seen=0 ;; *) seen=250000 ;; esac
	for end in '' ,"{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":0,\"iterations\":[$answer,$(entry advisor_message 3000 500 mine)]}}"; do
		had=$(dave_paid)
		post /v1/messages "{\"model\":\"claude-opus-4-5\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"tools\":[{\"type\":\"advisor_20260301\",\"name\":\"advisor\",\"model\":\"mine\"}],\"stream\":true,\"cut\":9,\"events\":[$begun,$(block advisor),$(advice "$content")$end]}" -H "x-api-key: $dave" >"$tmp/answer"
		wait_for dave_paid_more
		is "a key: a stream that breaks off behind advice${end:+, which is told}" "$(($(dave_paid) - had))" $((6020000 + ${end:+2980000}+0 + seen))
	done
done
had=$(dave_paid)
post /v1/messages "{\"model\":\"claude-opus-4-5\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"tools\":[{\"type\":\"advisor_20260301\",\"name\":\"advisor\",\"model\":\"mine\"}],\"stream\":true,\"cut\":9,\"events\":[$begun,$(advice '{"type":"advisor_tool_result_error","error_code":"overloaded"}')]}" -H "x-api-key: $dave" >"$tmp/answer"
wait_for dave_paid_more
is 'a key: no advice' "$(($(dave_paid) - had))" 5000000
# A key with limits pays what is shown, to the last digit.
ben=$("$dario" key add ben --spend=100/month 2>/dev/null)
key=$ben
tool=',"tools":[{"type":"web_search_20250305","name":"web_search"}]'
costs_of_claude 'a key: fast' '"speed":"fast"' 45000000
costs_of_claude 'a key: asked for, not served so' '"speed":"standard"}},"speed":"fast","x":{"y":{"z":1' 7500000
costs_of_claude 'a key: not told' '"service_tier":"standard"}},"speed":"fast","x":{"y":{"z":1' 45000000
costs_of_claude 'a key: a search that was not needed' "\"service_tier\":\"standard\"}}$tool,\"x\":{\"y\":{\"z\":1" 7500000
costs_of_claude 'a key: two searches' "\"server_tool_use\":{\"web_search_requests\":2}}}$tool,\"x\":{\"y\":{\"z\":1" 27500000
costs_of_claude 'a key: an advisor' "$advised" 8700000
key=
paid() {
	"$dario" key show ben --json | json 'j["used"]["spend"]["month"]'
}
is_paid() {
	[ "$(paid)" = 0.141200000 ]
}
wait_for is_paid
is 'a key: all of it' "$(paid)" 0.141200000

# It pays for images and sound like the rest.
carl=$("$dario" key add carl --spend=100/month 2>/dev/null)
has_paid() { # KEY: in billionths
	"$dario" key show "$1" --json | json 'round(float(j["used"]["spend"]["month"]) * 1e9)'
}
paid_more() {
	[ "$(has_paid carl)" != "$had" ]
}
pays() { # NAME PATH BODY WANTED [curl flags]
	name=$1 path=$2 body=$3 wanted=$4
	shift 4
	had=$(has_paid carl)
	if [ "$#" = 0 ]; then
		set -- -H 'Content-Type: application/json' -d "$body"
	fi
	curl -s -o "$tmp/answer" -D "$tmp/head" -w '%{http_code}' -H "x-api-key: $carl" "$@" "$url$path" >"$tmp/status"
	[ "$wanted" = 0 ] || wait_for paid_more
	is "a key pays: $name" "$(status) $(($(has_paid carl) - had))" "200 $wanted"
}
image_body() { # MODEL MEMBERS
	printf '{"model":"open:%s","prompt":"x",%s}' "$1" "$2"
}
pays 'an image, its tokens' /v1/images/generations "$(image_body gpt-image-1 "$image")" 52500000
pays 'as a stream' /v1/images/generations "$(image_body gpt-image-1 "$image,\"stream\":true")" 52500000
pays 'one of a list' /v1/images/generations "$(image_body painter '"n":2,"quality":"hd"')" 160000000
pays 'one that is not in the list: as the dearest' /v1/images/generations "$(image_body square '"size":"1x1"')" 18000000
# 1584 at 40, and the 64 characters of the request at 5
pays 'one that tells nothing: by its quality' /v1/images/generations '{"model":"open:gpt-image-1","prompt":"x","quality":"medium","n":1}' 63440000
like 'that is marked' "$(curl -s -H "x-api-key: $DARIO_API_KEY" "$url/requests" | json 'j["requests"][0]["tokens"]["estimated"]')" True
pays 'twice a quality: as the dearest' /v1/images/generations '{"model":"open:dall-e-3","prompt":"x","quality":"standard","quality":"hd"}' 120000000
pays 'one with escapes, too' /v1/images/generations '{"model":"open:dall-e-3","prompt":"x","quality":"standard","q\u0075ality":"hd"}' 1200000000
pays 'their number as a text' /v1/images/generations '{"model":"open:dall-e-2","prompt":"x","n":"3"}' 60000000
pays 'twice a number' /v1/images/generations '{"model":"open:dall-e-2","prompt":"x","n":1,"n":2}' 40000000
pays 'a number in escapes' /v1/images/generations '{"model":"open:dall-e-2","prompt":"x","n":"\u0031\u0031"}' 220000000
for n in 1_0 0xa '１０' 1e1; do
	pays "a text that is no plain number: $n" /v1/images/generations "{\"model\":\"open:dall-e-2\",\"prompt\":\"x\",\"n\":\"$n\"}" 200000000
done
pays 'a number in capital letters' /v1/images/generations '{"model":"open:dall-e-2","prompt":"x","n":1,"N":2}' 200000000
pays 'a large one' /v1/images/generations '{"model":"open:dall-e-2","prompt":"x","N":20}' 400000000
pays 'one that is too large' /v1/images/generations '{"model":"open:dall-e-2","prompt":"x","size":"256x256","n":5000}' 16000000000
pays 'a quality in capital letters' /v1/images/generations '{"model":"open:dall-e-3","prompt":"x","Quality":"hd"}' 120000000
printf '%s' "{$image}" >"$tmp/picture"
pays 'an edit' /v1/images/edits '' 52500000 -F "image=@$tmp/picture" -F model=open:gpt-image-1 -F prompt=x
printf '{"size":1}' >"$tmp/picture"
pays 'an edit of a list, two' /v1/images/edits '' 240000000 -F n=2 -F "image=@$tmp/picture" -F model=open:painter -F prompt=x
printf '{"usage":{"type":"duration","seconds":100}}' >"$tmp/sound"
pays 'speech by its length' /v1/audio/transcriptions '' 10000000 -F model=open:whisper-1 -F "file=@$tmp/sound"
pays 'one whose model nobody knows' /v1/audio/transcriptions '' 10000000 -F model=open:nobodys-ear -F "file=@$tmp/sound"
like 'it is said' "$(header x-dario-price)" default
printf '{"usage":{"type":"tokens","input_tokens":1000,"output_tokens":100,"total_tokens":1100,"input_token_details":{"text_tokens":10,"audio_tokens":990}}}' >"$tmp/sound"
pays 'by its tokens' /v1/audio/translations '' 6965000 -F model=open:gpt-4o-transcribe -F "file=@$tmp/sound"
# the model stands behind the file, which is not held: 801 s of 32 kbit/s
{ printf '{"plain":"words"}'; head -c 3200000 /dev/zero; } >"$tmp/sound"
pays 'plain text of a large file' /v1/audio/transcriptions '' 80100000 -F "file=@$tmp/sound" -F response_format=text -F model=open:whisper-1
# packed, it is as long as it is
{
	printf -- '--B\r\nContent-Disposition: form-data; name="model"\r\n\r\nopen:whisper-1\r\n--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
	cat "$tmp/sound"
	printf '\r\n--B--\r\n'
} | gzip >"$tmp/form"
pays 'a large file that is packed' /v1/audio/transcriptions '' 80100000 -H 'Content-Type: multipart/form-data; boundary=B' -H 'Content-Encoding: gzip' --data-binary "@$tmp/form"
# 7000 at 10, two times 6240 at 40: what has streamed by is counted, too
{ printf '{"size":1}'; head -c 3200000 /dev/zero; } >"$tmp/picture"
pays 'an edit of a large picture' /v1/images/edits '' 569200000 -F model=open:gpt-image-1 -F "image=@$tmp/picture" -F n=2
printf '{"plain":"words"}' >"$tmp/sound"
pays 'as plain text: by what was sent, one second' /v1/audio/transcriptions '' 100000 -F response_format=text -F model=open:whisper-1 -F "file=@$tmp/sound"
pays 'a text that is spoken' /v1/audio/speech '{"model":"open:tts-1","voice":"alloy","input":"gr\u00fcn gr\u00fcn!"}' 150000
# all of the request
pays 'a text that is there twice' /v1/audio/speech '{"model":"open:tts-1","voice":"alloy","input":"a","input":"long"}' 900000
pays 'or once in capital letters' /v1/audio/speech '{"model":"open:tts-1","voice":"alloy","input":"a","Input":"long"}' 900000
printf -- '--B\r\nContent-Disposition: form-data; name="model"\r\n\r\nopen:tts-1\r\n--B\r\nContent-Disposition: form-data; name="input"\r\n\r\n{"size":1}\r\n--B--\r\n' >"$tmp/form"
pays 'or in a form' /v1/audio/speech '' "$(($(wc -c <"$tmp/form") * 15000))" -H 'Content-Type: multipart/form-data; boundary=B' --data-binary "@$tmp/form"
# 3 at 0.6, 15 at 12
pays 'by tokens' /v1/audio/speech '{"model":"open:gpt-4o-mini-tts","voice":"alloy","input":"gr\u00fcn gr\u00fcn!"}' 181800
# who leaves before the answer: 10 at 0.02; 11 characters
leaves() { # NAME PATH BODY WANTED
	had=$(has_paid carl)
	rm -f "$tmp/asked"
	curl -s -o "$tmp/answer" -H "x-api-key: $carl" -H 'Content-Type: application/json' -d "$3" "$url$2" &
	client=$!
	wait_for test -e "$tmp/asked"
	kill "$client"
	wait_for paid_more
	is "a key pays: $1, and leaves" "$(($(has_paid carl) - had))" "$4"
}
leaves 'asks for images' /v1/images/generations "{\"model\":\"open:dall-e-2\",\"prompt\":\"x\",\"n\":10,\"hang\":\"$tmp/asked\"}" 200000000
leaves 'asks for speech' /v1/audio/speech "{\"model\":\"open:tts-1\",\"voice\":\"alloy\",\"input\":\"ten of them\",\"hang\":\"$tmp/asked\"}" 165000
refused() { # NAME KEY WANTED PATH curl flags...
	name=$1 who=$2 wanted=$3 path=$4
	shift 4
	is "$name" "$(curl -s -o "$tmp/answer" -w '%{http_code}' -H "x-api-key: $who" "$@" "$url$path") $(json 'j["error"]["type"], j["error"]["param"]' <"$tmp/answer")" "$wanted"
}
refused 'a key: no model' "$carl" "400 invalid_request_error model" /v1/images/generations -H 'Content-Type: application/json' -H 'x-dario-backend: open' -d '{"prompt":"x"}'
refused 'a key: no model in a form' "$carl" "400 invalid_request_error model" /v1/audio/transcriptions -H 'x-dario-backend: open' -F "file=@$tmp/sound"
refused 'a key: what else there may be of sound' "$carl" "400 invalid_request_error None" /v1/audio/voices -H 'Content-Type: application/json' -H 'x-dario-backend: open' -d '{"model":"open:tts-1"}'
dora=$("$dario" key add dora --spend=0/month --models='open:gpt-image-*,open:whisper*' 2>/dev/null)
refused 'a key: nothing to spend' "$dora" "429 insufficient_quota None" /v1/images/generations -H 'Content-Type: application/json' -d "$(image_body gpt-image-1 "$image")"
refused 'a key: a model that it may not use' "$dora" "400 invalid_request_error model" /v1/images/generations -H 'Content-Type: application/json' -d "$(image_body dall-e-3 "$image")"
refused 'a key: in a form' "$dora" "400 invalid_request_error model" /v1/audio/transcriptions -F model=open:gpt-4o-transcribe -F "file=@$tmp/sound"
{ printf '{"plain":"words"}'; head -c 3200000 /dev/zero; } >"$tmp/sound"
refused 'a key: behind a large file' "$dora" "400 invalid_request_error model" /v1/audio/transcriptions -H 'x-dario-backend: open' -F "file=@$tmp/sound" -F model=open:gpt-4o-transcribe

# another model for who reads the names of fields in another way
printf -- '--B\r\nContent-Disposition: form-data; name="model"\r\n\r\nopen:whisper-1\r\n--B\r\nContent-Disposition: form-data; name="x"; name="model"\r\n\r\nopen:gpt-4o-transcribe\r\n--B--\r\n' >"$tmp/form"
refused 'a key: two models, one of them hidden' "$carl" "400 invalid_request_error None" /v1/audio/transcriptions -H 'Content-Type: multipart/form-data; boundary=B' --data-binary "@$tmp/form"
like 'why' "$(json 'j["error"]["message"]' <"$tmp/answer")" 'can be read in two ways'

pays '250 documents in order: three searches' /v1/rerank "{\"model\":\"open:rerank-v3.5\",\"query\":\"x\",\"documents\":[$(seq -s, -f '"%g"' 250)]}" 6000000
pays 'in capital letters: all of the request' /v1/rerank "{\"model\":\"open:rerank-v3.5\",\"query\":\"x\",\"Documents\":[$(seq -s, -f '"%g"' 100)]}" 12000000
refused 'a key: a second model, for who does not mind capital letters' "$carl" "400 invalid_request_error None" /v1/images/generations -H 'Content-Type: application/json' -d '{"model":"open:dall-e-2","Model":"dall-e-3","prompt":"x"}'
pays 'by tokens, where these are billed' /v1/rerank '{"model":"open:rerank-v5.0-pro","query":"x","documents":["y"],"usage":{"prompt_tokens":1000,"total_tokens":1000}}' 50000
pays 'moderation by who takes nothing for it' /v1/moderations '{"model":"open:omni-moderation-latest","input":"x"}' 0
# 44 characters at 5
pays 'by another' /v1/moderations '{"model":"open:nobodys-moderation","input":"xxx"}' 55000
for path in /v1/images//generations //v1/images/generations /v1/./images/generations /v1/images/x/../generations /v1/images/%67enerations \
	/v1/images/generations/ '/v1/images/generations;x' /v1/v1/images/generations /images/generations '/v1/images/generations?x=/../y' '/v1/images/generations#x' \
	/V1/images/Generations /v1/images%2fgenerations /to/open/v1/images/generations; do
	is "no way around a limit: $path" "$(curl -s --path-as-is -o "$tmp/answer" -w '%{http_code}' -H "x-api-key: $dora" -H 'x-dario-backend: open' -d "$(image_body gpt-image-1 "$image")" "$url$path" | sed 's/^4..$/4xx/')" 4xx
done
before=$(dollars)
was=$(requests)
# counting is free, but not of any model, nor as often as one likes
count='"input":"x","told":{"object":"response.input_tokens","input_tokens":9000}}'
refused 'a key: nothing is counted of a model that it may not use' "$dora" "400 invalid_request_error model" /v1/responses/input_tokens -H 'Content-Type: application/json' -d "{\"model\":\"answers:gpt-4o\",$count"
unknown=$("$dario" usage --by=backend --json | json 'j["total"]["usageUnknown"]')
emil=$("$dario" key add emil --spend=0/month --tokens=1/hour --rate=1/hour 2>/dev/null)
post /v1/responses/input_tokens "{\"model\":\"answers:gpt-4o\",$count" -H "x-api-key: $emil" >"$tmp/answer"
is 'a key: counting is free' "$(status) $(json 'j["input_tokens"]' <"$tmp/answer")" '200 9000'
wait_for more_than "$was"
is 'nor is its cost unknown' "$("$dario" usage --by=backend --json | json 'j["total"]["usageUnknown"]')" "$unknown"
is 'nothing is counted for it' "$(dollars) $("$dario" key show emil --json | json 'float(j["used"]["spend"]["month"])')" "$before 0.0"
post /v1/responses/input_tokens "{\"model\":\"answers:gpt-4o\",$count" -H "x-api-key: $emil" >"$tmp/answer"
is 'a key: but not as often as one likes' "$(status)" 429

# What is only looked at has used nothing.
before=$(dollars)
tokens=$(read_tokens)
was=$(requests)
for path in /v1/batches/batch_0009x /to/open/v1/batches/batch_0009x; do
	curl -s -o "$tmp/answer" -H "x-api-key: $DARIO_API_KEY" -H 'x-dario-backend: open' "$url$path"
	like "$path tells of usage" "$(cat "$tmp/answer")" '"input_tokens": 9000'
done
wait_for more_than $((was + 1))
is 'looking at a batch costs nothing' "$(dollars)" "$before"
is 'and adds no tokens' "$(read_tokens)" "$tokens"

# Batches
has_spent() { # KEY
	"$dario" key show "$1" --json | json 'round(float(j["used"]["spend"]["month"]) * 1e9)'
}
batch() { # KEY PATH LINES: made, its id
	case $2 in
	/v1/batches) body="{\"metadata\":{\"lines\":$3}}" ;;
	*) body="{\"requests\":[{\"custom_id\":\"a\",\"params\":{\"model\":\"claude-opus-4-5\",\"lines\":$3}}]}" ;;
	esac
	curl -s -H "x-api-key: $1" -H 'Content-Type: application/json' -H "x-dario-backend: ${at:-open}" -d "$body" "$url$2" | json 'j["id"]'
}
download() { # KEY PATH
	before=$(dollars)
	was=$(requests)
	curl -s -o "$tmp/answer" -w '%{http_code}' -H "x-api-key: $1" "$url$2" >"$tmp/status"
	wait_for more_than "$was"
	echo "$(status) $(($(dollars) - before))"
}
message() { # MODEL USAGE
	printf '{"custom_id":"a","result":{"type":"succeeded","message":{"id":"m","type":"message","model":"%s","content":[{"type":"text","text":"\\"usage\\":{\\"input_tokens\\":1}"}],"usage":{%s}}}}' "$1" "$2"
}
used='"input_tokens":1000,"output_tokens":200,"cache_creation_input_tokens":300,"cache_creation":{"ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":200},"cache_read_input_tokens":4000,"service_tier":"batch"'
# half of 1000 at 5, 200 at 25, 100 at 6.25, 200 at 10, 4000 at 0.5, twice; and once at 1, 5, 1.25, 2, 0.1
lines="[$(message claude-opus-4-5 "$used"),$(message claude-haiku-4-5-20251001 "$used"),$(message claude-opus-4-5 "$used"),{\"custom_id\":\"b\",\"result\":{\"type\":\"errored\",\"error\":{\"type\":\"error\"}}},{\"custom_id\":\"c\",\"result\":{\"type\":\"expired\"}}]"
id=$(batch "$anna" /v1/messages/batches "$lines")
had=$(has_spent anna)
is 'a batch of Anthropic: each at half its price' "$(download "$DARIO_API_KEY" "/v1/messages/batches/$id/results")" '200 16087500'
is 'it is in the sums of its maker' "$(($(has_spent anna) - had))" 16087500
is 'its models, each once, and that it was made' "$("$dario" usage --by=key,model --json | json 'sorted((r["model"], r["requests"], r["uncached"], r["write1h"], r["read"]) for r in j["rows"] if r["key"] == "anna" and r["uncached"])')" \
	"[('claude-haiku-4-5-20251001', 1, 1000, 200, 4000), ('claude-opus-4-5', 2, 2000, 400, 8000)]"
is 'once: not with another download' "$(download "$anna" "/v1/messages/batches/$id/results")" '200 0'
is 'as they came' "$(wc -l <"$tmp/answer" | tr -d ' ')" 4
reply() { # MODEL USAGE
	printf '{"id":"r","custom_id":"a","response":{"status_code":200,"request_id":"q","body":{"model":"%s","choices":[],"usage":{%s}}},"error":null}' "$1" "$2"
}
used='"prompt_tokens":3000,"completion_tokens":100,"total_tokens":3100,"prompt_tokens_details":{"cached_tokens":1000}'
# half of 2000 at 2.5, 1000 at 1.25, 100 at 10; and of a model that nobody knows
lines="[$(reply gpt-4o-2024-08-06 "$used"),$(reply nobodys "$used"),{\"custom_id\":\"b\",\"response\":{\"status_code\":400,\"body\":{\"error\":{}}}}]"
id=$(batch "$anna" /v1/batches "$lines")
like 'looked at by its maker' "$(curl -s -H "x-api-key: $anna" "$url/v1/batches/$id")" output_file_id
file=file-${id#batch_}
is 'a batch of OpenAI: in a file' "$(download "$DARIO_API_KEY" "/v1/files/$file/content")" '200 3625000'
is 'for who has made it; without a price it is not known' "$("$dario" usage --by=key,model --json | json 'sorted((r["model"], r["uncached"], r["cost"]) for r in j["rows"] if r["key"] == "anna" and r["uncached"] == 2000 and "gpt" in r["model"] or r["model"] == "nobodys")')" \
	"[('gpt-4o-2024-08-06', 2000, 0.003625), ('nobodys', 2000, 'unknown')]"
is 'once' "$(download "$anna" "/v1/files/$file/content")" '200 0'
id=$(batch "$DARIO_API_KEY" /v1/batches "[$(reply mine '"prompt_tokens":1000000,"completion_tokens":0,"total_tokens":1000000')]")
curl -s -o "$tmp/answer" -H "x-api-key: $DARIO_API_KEY" "$url/v1/batches/$id"
is 'a share of its own' "$(download "$DARIO_API_KEY" "/v1/files/file-${id#batch_}/content")" '200 250000000'
id=$(at=bills batch "$DARIO_API_KEY" /v1/batches "[$(reply gpt-4o "$used,\"cost_in_usd_ticks\":1230000000"),$(reply nobodys '"cost":0.001')]")
curl -s -o "$tmp/answer" -H "x-api-key: $DARIO_API_KEY" "$url/v1/batches/$id"
is 'as each answer tells it' "$(download "$DARIO_API_KEY" "/v1/files/file-${id#batch_}/content")" '200 124000000'
for lines in '["no JSON"]' '["{\"custom_id\":"]' '[{"a":1},{"b":2}]' '[[1]]' '[]' "[{\"custom_id\":\"a\",\"method\":\"POST\",\"body\":{\"usage\":{\"prompt_tokens\":5000}}}]"; do
	id=$(batch "$DARIO_API_KEY" /v1/batches "$(printf '%s' "$lines")")
	curl -s -o "$tmp/answer" -H "x-api-key: $DARIO_API_KEY" "$url/v1/batches/$id"
	is "a file of something else: $lines" "$(download "$DARIO_API_KEY" "/v1/files/file-${id#batch_}/content")" '200 0'
done
ok 'it still serves' test -n "$(alive "$(worker_pid)")"
done_testing
