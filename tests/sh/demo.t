#!/bin/sh
# SPDX-License-Identifier: MIT
# The demo provider: the whole way from web server to provider and back.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3

start_router
post /demo/v1/chat/completions '{"model":"demo"}' >/dev/null
is 'off by default' "$(status)" 404
stop_router
start_router --demo

text=$(post /v1/chat/completions \
	'{"model":"demo","messages":[{"role":"user","content":"why \"so\""}]}' |
	json 'j["choices"][0]["message"]["content"]')
like 'Chat: says that it is a demo' "$text" 'demo, not a language model'
like 'Chat: repeats the prompt' "$text" 'why "so"'
text=$(post /v1/messages \
	'{"model":"demo","messages":[{"role":"user","content":[{"type":"text","text":"part"}]}]}' |
	json 'j["content"][0]["text"], j["stop_reason"], j["usage"]["output_tokens"] > 5')
like 'Messages: text of a part' "$text" 'part'
like 'Messages: stop reason and usage' "$text" 'end_turn True'
text=$(post /v1/responses '{"model":"demo","input":"plain"}' |
	json 'j["output"][0]["content"][0]["text"], j["status"]')
like 'Responses' "$text" completed
like 'the way is shown in a header' "$(header x-dario-backend)" demo

tool='{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"},"unit":{"enum":["C","F"]}}}}}'
is 'Chat: a tool call when asked' "$(post /v1/chat/completions \
	"{\"model\":\"demo\",\"messages\":[{\"role\":\"user\",\"content\":\"use get_weather\"}],\"tools\":[$tool]}" |
	json 'j["choices"][0]["finish_reason"], j["choices"][0]["message"]["tool_calls"][0]["function"]["name"], j["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]')" \
	'tool_calls get_weather {"city":"demo","days":1,"unit":"C"}'
is 'Chat: no tool call when not asked' "$(post /v1/chat/completions \
	"{\"model\":\"demo\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}],\"tools\":[$tool]}" |
	json 'j["choices"][0]["finish_reason"]')" stop
is 'Messages: a tool call' "$(post /v1/messages \
	'{"model":"demo","messages":[{"role":"user","content":"call the tool"}],"tools":[{"name":"t","input_schema":{"type":"object"}}]}' |
	json 'j["stop_reason"], j["content"][0]["name"], j["content"][0]["input"]')" \
	'tool_use t {}'
like 'Messages: after the result an answer' "$(post /v1/messages \
	'{"model":"demo","messages":[{"role":"user","content":"call the tool"},{"role":"assistant","content":[{"type":"tool_use","id":"x","name":"t","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"x","content":"tool"}]}],"tools":[{"name":"t"}]}')" \
	'result arrived'
like 'streamed: usage when wanted' "$(post /v1/chat/completions \
	'{"model":"demo","stream":true,"stream_options":{"include_usage":true},"messages":[]}')" \
	'"choices":[],"usage":{'
unlike 'streamed: no usage when not' "$(post /v1/chat/completions \
	'{"model":"demo","stream":true,"messages":[]}')" '"usage"'
done_testing
