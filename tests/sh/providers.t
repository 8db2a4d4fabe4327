#!/bin/sh
# SPDX-License-Identifier: MIT
# dario backend add: providers that are known by name, and base URLs that are
# written with an API's path behind them.
. "$(dirname "$0")/lib.sh"
need python3

run() {
	out=$("$dario" "$@" 2>&1)
	rc=$?
}
of() { # NAME EXPRESSION of its file
	json "$2" <"$DARIO_HOME/backends/$1.json"
}

# --- names --------------------------------------------------------------------
for name in openai anthropic openrouter groq deepseek mistral xai google \
	together fireworks cerebras moonshot zai minimax dashscope siliconflow \
	perplexity cohere nvidia github huggingface; do
	run backend add $name
	is "$name without a key: exit 2" "$rc" 2
	like "$name: where a key is got" "$out" 'one is got at https://'
	printf 'sk-%s-0123456789\n' $name | "$dario" backend add $name --key-stdin 2>/dev/null
	is "$name: a key alone is enough" "$(of $name 'j["baseUrl"].startswith("https://"), j["apiKey"]')" \
		"True sk-$name-0123456789"
done
for name in ollama lmstudio llamacpp vllm litellm; do
	run backend add $name
	is "$name: nothing else is needed" "$rc" 0
	is "$name: on this machine" "$(of $name 'j["baseUrl"].startswith("http://127.0.0.1:")')" True
done
is 'Anthropic is Anthropic' "$(of anthropic 'j["baseUrl"], j["protocol"]')" 'https://api.anthropic.com anthropic'
is 'Groq is Groq' "$(of groq 'j["baseUrl"], j["maxCompletionTokens"]')" 'https://api.groq.com/openai/v1 True'
is 'OpenAI speaks both' "$(of openai 'j["baseUrl"], j["protocol"]')" 'https://api.openai.com/v1 openai,responses'
is 'llama.cpp speaks both of its own' "$(of llamacpp 'j["protocol"]')" openai,anthropic
is 'who refuses arguments that are no JSON is known from somewhere' "$(python3 -c '
import json, sys
for row in json.load(open(sys.argv[1]))["providers"]:
    told = row.get("note", "").partition("jsonArguments: ")[2]
    wants = "jsonArguments" in {**row["set"], **row.get("behind", {})}
    if wants != ("/issues/" in told or "/pull/" in told):
        print(row["name"])' "$srcdir/share/providers.json")" ''
is 'each base URL is found by its row' "$(python3 - "$srcdir/share/providers.json" <<-'END'
	import fnmatch, json, sys
	for row in json.load(open(sys.argv[1]))["providers"]:
	    url = row.get("url") or row["form"].replace("RESOURCE", "r").replace("REGION", "us-east-1")
	    first = next((r["id"] for r in json.load(open(sys.argv[1]))["providers"]
	                  if any(fnmatch.fnmatchcase(url + "/", g) for g in r["baseUrl"])), None)
	    if first != row["id"]:
	        print(row["id"], url, first)
	END
	)" ''
# Another port, or another host, may begin like one that is known.
for port in 40001 12345 52731; do
	run backend add "p$port" --base-url="http://127.0.0.1:$port/v1"
done
printf 'k\n' | "$dario" backend add alike --key-stdin --base-url=https://api.openai.com.example/v1 2>/dev/null
for name in p40001 p12345 p52731 alike; do
	is "$name: nobody that is known" "$(of $name 'sorted(set(j) - {"apiKey"})')" \
		"['baseUrl', 'name', 'protocol', 'provider']"
done
run backend add none --base-url=http://127.0.0.1:114341/v1
is 'a port that is none: exit 2' "$rc" 2
run backend add bare --base-url=http://127.0.0.1:1234
is 'without a path it is the same' "$(of bare 'set(j) > {"protocol"} and len(j) > 4')" True
run backend add groq --models='llama-*'
is 'the second time: a change' "$rc $(of groq 'j["models"], j["apiKey"]')" "0 ['llama-*'] sk-groq-0123456789"
printf 'k\n' | "$dario" backend add vllm --key-stdin --base-url=http://127.0.0.2:9000/v1 2>/dev/null
is 'a local one elsewhere is known by its name' "$(of vllm 'j["topK"], j["baseUrl"]')" 'True http://127.0.0.2:9000/v1'
printf 'k\n' | "$dario" backend add mistral --key-stdin --base-url=https://llm.example/v1 2>/dev/null
is 'the name of another address says nothing' "$(of mistral '"nineCharacterIds" in j')" False
ok 'all of it is valid' "$dario" proxy --check 2>/dev/null

run backend add azure --key=k
is 'azure: exit 2' "$rc" 2
like 'azure: what to write' "$out" '--base-url=https://RESOURCE.openai.azure.com/openai/v1'
run backend add bedrock --key=k
like 'bedrock: what to write' "$out" '--base-url=https://bedrock-runtime.REGION.amazonaws.com/openai/v1'
run backend add azure --key=k --base-url=https://me.openai.azure.com/openai/v1
is 'azure: with its address' "$rc $(of azure 'j["protocol"], j["developerRole"]')" '0 openai,responses True'

field='{"api-key": "{key}"}'
is 'azure: its own field for the key' "$(of azure 'json.dumps(j.get("headers"))')" "$field"
az='az account get-access-token -o tsv --query accessToken'
run backend add azure --key-command="$az"
is 'azure: a token goes as Bearer' "$rc $(of azure 'j.get("headers"), "apiKey" in j')" '0 None False'
run backend add azure --key-command='cat azure.key'
is 'azure: a key that a program prints' "$(of azure 'json.dumps(j.get("headers"))')" "$field"
run backend add classic --key=k \
	--base-url='https://me.openai.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21'
is 'azure: a deployment' "$rc $(of classic 'j["baseUrl"], j["protocol"], json.dumps(j["headers"])')" \
	"0 https://me.openai.azure.com/openai/deployments/gpt-4o?api-version=2024-10-21 openai $field"
run backend add claude-az --key=k --base-url=https://me.services.ai.azure.com/anthropic
is "azure: Claude's own API" "$rc $(of claude-az 'j["protocol"], j.get("headers")')" '0 anthropic None'
run backend add classic --key=k2 --base-url=https://h.example/v1
is 'azure: left for another address' "$rc $(of classic 'j.get("headers")')" '0 None'
python3 - "$DARIO_HOME/backends/classic.json" <<-'END'
	import json, sys
	j = json.load(open(sys.argv[1]))
	j["headers"] = {"X-Team": "red"}
	j["baseUrl"] = "https://me.openai.azure.com/openai/v1"
	json.dump(j, open(sys.argv[1], "w"))
END
run backend add classic --key=k3
is "azure: the owner's own fields stay" "$rc $(of classic 'j["headers"]')" "0 {'X-Team': 'red'}"
run backend add classic --key=k4 --base-url=https://h.example/v1
is "azure: elsewhere they are left out" "$rc $(of classic 'j.get("headers")')" '0 None'
like 'azure: that is said' "$out" 'left out: headers X-Team: write into backends/classic.json'

# --- what is the old address's own --------------------------------------------
own() { # PROTOCOL: a backend with fields of its own
	(umask 077 && printf '%s' '{"name":"own","baseUrl":"https://old.example/v1","apiKey":"old-key",
		"headers":{"X-Team-Token":"secret-of-the-old-one","Cookie":"c"},"organization":"org-1",
		"project":"proj-1","forward":["x-mine"],"models":["m-*"]}' >"$DARIO_HOME/backends/own.json")
}
own
run backend add own --key=k --base-url=https://new.example/v1
is 'another address: nothing of the old one goes there' \
	"$rc $(of own '[k for k in ("headers", "organization", "project", "forward") if k in j]')" '0 []'
like 'another address: it is said what' "$out" 'headers X-Team-Token Cookie, forward, organization, project'
unlike 'another address: not what was in it' "$out" secret-of
is 'another address: the rest stays' "$(of own 'j["models"]')" "['m-*']"
own
run backend add own --base-url=https://new.example/v1
is 'another address without a key: refused' "$rc $(of own 'j["baseUrl"], len(j["headers"])')" '2 https://old.example/v1 2'
run backend add own --key=new --base-url=https://old.example/v1/
is 'the same address: all stays' "$rc $(of own 'len(j["headers"]), j["organization"]')" '0 2 org-1'
unlike 'the same address: nothing to say' "$out" 'left out'
rm "$DARIO_HOME/backends/own.json"

# --- words that stand for a value ---------------------------------------------
filled() { # URL WORD PART of what is said
	rm -f "$DARIO_HOME"/backends/new.*
	run backend add new --key=k --base-url="$1"
	is "$1: refused" "$rc $(ls "$DARIO_HOME/backends" | grep -c '^new')" '2 0'
	like "$1: says what" "$out" "has $2 in it: write $3"
}
python3 - "$srcdir/share/providers.json" >"$tmp/forms" <<-'END'
	import json, re, sys
	for row in json.load(open(sys.argv[1]))["providers"]:
	    if "form" in row:
	        print(row["id"], row["form"], re.search("[A-Z]{4,}", row["form"])[0])
	END
while read -r id form word; do
	filled "$form" "$word" 'the '
	run backend add "$id" --key=k --base-url="$form"
	is "$id as it is written in documents" "$rc" 2
	rm -f "$DARIO_HOME/backends/$id.json"
	run backend add "$id" --key=k
	like "$id: what stands for what" "$out" "$word is the "
done <"$tmp/forms"
ok 'forms: there are some' test "$(wc -l <"$tmp/forms")" -gt 3
filled https://YOUR-RESOURCE-NAME.openai.azure.com/openai/v1 YOUR-RESOURCE-NAME 'your own value'
filled https://your-resource.openai.azure.com/openai/v1 your-resource 'your own value'
filled 'https://<resource>.openai.azure.com/openai/v1' '<resource>' 'your own value'
filled 'https://{resource}.openai.azure.com/openai/v1' '{resource}' 'your own value'
filled 'https://bedrock-runtime.$AWS_REGION.amazonaws.com/openai/v1' '$AWS_REGION' 'your own value'
filled 'https://bedrock-runtime.${REGION}.amazonaws.com/openai/v1' '{REGION}' 'your own value'
filled 'https://api.example.com/accounts/[account]/v1' '[account]' 'your own value'
filled https://gateway.example/v1/ACCOUNT_ID/name ACCOUNT_ID 'the id of your account'
filled https://LOCATION-aiplatform.googleapis.com/v1/projects/p/locations/l/endpoints/openapi LOCATION 'the location'
filled https://h.example/openai/deployments/YOUR_DEPLOYMENT YOUR_DEPLOYMENT 'your own value'
filled http://HOST:8000/v1 HOST 'the name of the machine'
filled http://localhost:PORT/v1 PORT 'the number of the port'
taken() { # URL
	run backend add taken --key=k --base-url="$1"
	is "$1: taken" "$rc" 0
}
taken http://NAS.local:8000/v1
taken http://[::1]:8000/v1
taken https://static.1.2.3.4.clients.your-server.de/v1
taken https://your-server.de/v1
taken https://region.example/v1
taken 'https://h.example/v1?a=$top'
taken https://h.example/API/v1

# --- other names for them -----------------------------------------------------
for both in gemini=google Kimi=moonshot grok=xai qwen=dashscope hf=huggingface \
	llama-cpp=llamacpp lm-studio=lmstudio OpenAI=openai; do
	name=${both%%=*}
	run backend add "$name" --key=k-0123456789
	is "$name: known as ${both#*=}" "$rc $(of "$name" 'j["baseUrl"]')" "0 $(of "${both#*=}" 'j["baseUrl"]')"
done
is 'gemini: with what Google needs' "$(of gemini 'j["thoughtSignatures"]')" True
run backend add aws-bedrock --key=k
like 'aws-bedrock: what to write' "$out" '--base-url=https://bedrock-runtime.REGION'
for both in opnai=openai antropic=anthropic gemni=google deepsek=deepseek olama=ollama \
	openruoter=openrouter; do
	run backend add "${both%%=*}" --key=k
	is "${both%%=*}: exit 2" "$rc" 2
	like "${both%%=*}: what was meant" "$out" "did you mean ${both#*=}?"
done
is 'no name stands for two' "$(python3 - "$srcdir/share/providers.json" <<-'END'
	import collections, json, sys
	rows = json.load(open(sys.argv[1]))["providers"]
	names = collections.Counter(n.lower() for r in rows for n in [r["id"], *r.get("aliases", [])])
	print(*[n for n, k in names.items() if k > 1])
	END
	)" ''

run backend add nobody --key=sk-nobody-0123456789
is 'unknown: exit 2' "$rc" 2
like 'unknown: what to do' "$out" '--base-url=URL'
like 'unknown: which are known' "$out" 'groq'
is 'unknown: nothing is left' "$(ls -a "$DARIO_HOME/backends" | grep nobody)" ''
refused() { # FLAGS
	run backend add fresh "$@"
	is "$*: refused, nothing is left" "$rc $(ls -a "$DARIO_HOME/backends" | grep fresh)" '2 '
}
refused --key=k --base-url=https://h.example/v1 --protocol=nonsense
refused --key=k --base-url=ftp://h.example
refused --key=k --base-url=http://
refused --key=k --base-url=https://u:p@h.example/v1
refused --key-env=a=b --base-url=https://h.example/v1
refused --key-command="'" --base-url=https://h.example/v1
refused --base-url=https://h.example/v1
(
	export DARIO_HOME="$tmp/nowhere"
	"$dario" backend add nobody --key=k 2>/dev/null
)
ok 'unknown: nor a home' test ! -e "$tmp/nowhere"
unlike 'unknown: the key is not repeated' "$out" sk-nobody

# --- addresses ----------------------------------------------------------------
url() { # GIVEN WANTED [PART that is said]
	out=$("$dario" backend add u --key=k --base-url="$1" 2>&1)
	is "$1" "$(of u 'j["baseUrl"]')" "$2"
	if [ $# -gt 2 ]; then
		like "$1: said" "$out" "base URL is $2: $3 is put behind it"
	else
		unlike "$1: nothing to say" "$out" 'is put behind it'
	fi
}
for path in chat/completions completions messages messages/count_tokens \
	responses models embeddings images/generations audio/speech \
	moderations rerank Chat/Completions; do
	url "https://h.example/v1/$path" https://h.example/v1 "/$path"
done
# The path is of one API: that is the one which is spoken there.
speaks() { # PATH WANTED [FLAGS]
	path=$1
	wanted=$2
	shift 2
	rm -f "$DARIO_HOME/backends/u.json"
	case $path in
	https:*) ;;
	*) path=https://h.example/v1/$path ;;
	esac
	"$dario" backend add u --key=k --base-url="$path" "$@" 2>/dev/null
	is "$path $*: what is spoken" "$(of u 'j["protocol"]')" "$wanted"
}
speaks messages anthropic
speaks messages/count_tokens anthropic
speaks Messages/ anthropic
speaks responses responses
speaks responses/compact responses
speaks chat/completions openai
speaks models openai
speaks messages openai --protocol=openai
speaks https://api.deepseek.com/v1/messages anthropic
speaks https://api.deepseek.com/anthropic anthropic
speaks https://api.deepseek.com/anthropic/v1/ anthropic
speaks https://api.deepseek.com/v1 openai
speaks https://api.openai.com/v1/responses openai,responses
speaks https://h.example/notanthropic openai
speaks https://api.deepseek.com/anthropic openai --protocol=openai
url https://h.example/v1/chat/completions/ https://h.example/v1 /chat/completions
url https://h.example/chat/completions https://h.example /chat/completions
url https://h.example/v1/ https://h.example/v1
url https://h.example/v1 https://h.example/v1
url https://models https://models
url https://h.example/mymodels https://h.example/mymodels
url https://me.services.ai.azure.com/models https://me.services.ai.azure.com/models
# The host of a known provider, or a part of the way to its API.
whole() { # GIVEN WANTED [FLAGS]: and whether it is said
	given=$1 wanted=$2
	shift 2
	rm -f "$DARIO_HOME/backends/u.json"
	out=$("$dario" backend add u --key=k --base-url="$given" "$@" 2>&1)
	is "$given $*: where its API is" "$(of u 'j["baseUrl"]')" "$wanted"
}
google=https://generativelanguage.googleapis.com/v1beta
for part in https://openrouter.ai https://openrouter.ai/ https://openrouter.ai/api \
	https://openrouter.ai/api/v1/chat/completions; do
	whole $part https://openrouter.ai/api/v1
done
whole https://openrouter.ai https://openrouter.ai/api/v1
like 'that is said' "$out" 'the base URL is https://openrouter.ai/api/v1: the provider has this API there'
whole https://api.groq.com https://api.groq.com/openai/v1
whole https://api.z.ai https://api.z.ai/api/paas/v4
whole https://models.github.ai https://models.github.ai/inference
whole $google $google/openai
whole $google/models $google/openai
whole $google/models/gemini-2.5-pro:generateContent $google/openai
whole "$google/models/gemini-2.5-pro:streamGenerateContent?alt=sse" $google/openai
whole https://openrouter.ai/api https://openrouter.ai/api --protocol=anthropic
whole https://api.openai.com https://api.openai.com
whole https://api.deepseek.com/anthropic https://api.deepseek.com/anthropic
whole https://openrouter.ai/apix https://openrouter.ai/apix
whole https://openrouter.ai.evil.example https://openrouter.ai.evil.example
done_testing
