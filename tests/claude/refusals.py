# SPDX-License-Identifier: MIT
"""What a refusal means: refusals.py URL

Each row is a refusal as a provider makes it (status, header fields, body, and
where that is documented or was seen). It is given to a live request by the
first of two accounts; then it is looked at who answered, what is said of the
account, and for how long. Prints "PASS row" or "FAIL row: why".
"""

import json
import os
import shutil
import sys
import time
import urllib.error
import urllib.request
from email.utils import formatdate

PROVIDER = os.environ["DARIO_ANTHROPIC_BASE_URL"]
HOME = os.environ["DARIO_HOME"]
URL = sys.argv[1]
MINUTE, HOUR, DAY = 60, 3600, 86400
U = "anthropic-ratelimit-unified-"
CC = "github.com/anthropics/claude-code/issues/"
DOC = "docs.claude.com/en/api/errors"
OAI = "platform.openai.com/docs/guides/error-codes"
GROQ = "console.groq.com/docs/rate-limits"


def later(s):
    return str(int(time.time()) + s)


def a(kind, message):
    return {"type": "error", "error": {"type": kind, "message": message}}


def o(message, code=None, kind="invalid_request_error"):
    return {"error": {"message": message, "type": kind, "param": None,
                      "code": code}}


PAGE = ("<!DOCTYPE html><title>401 Authorization Required</title>"
        "<p>invalid_api_key")
PROXY = "rfc-editor.org/rfc/rfc9110"
REGAIN = (int(time.time()) // 60 + 10 * 1440) * 60
BAD = "invalid_request_error"
RATE = "rate_limit_error"
# name, provider, status, fields, body, source:
# cause of the account, cause of the model ("" none), who answers, seconds
# (None: no end by itself; 0: nobody rests)
ROWS = [
    ("organisation disabled", "claude", 400, {}, a(BAD, "This organization has been disabled."), CC + "72457",
     "disabled", "", "other", DAY),
    ("OAuth not allowed, 403", "claude", 403, {}, a("permission_error", "OAuth authentication is currently not allowed for this organization."), CC + "55193",
     "oauth", "", "other", DAY),
    ("OAuth not allowed, 401", "claude", 401, {}, a("authentication_error", "OAuth authentication is currently not allowed for this organization."), CC + "6590",
     "oauth", "", "other", DAY),
    ("terms", "claude", 400, {}, a(BAD, "We've updated our Consumer Terms and Privacy Policy. You'll need to accept them in claude.ai with the email in /status to continue."), CC + "65609",
     "terms", "", "other", 10 * MINUTE),
    ("credit too low", "claude", 400, {}, a(BAD, "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."), CC + "4208",
     "credit", "", "other", HOUR),
    ("spend limit", "claude", 400, {}, a(BAD, "You have reached your specified API usage limits. You will regain access on 2027-01-01 at 00:00 UTC."), "platform.claude.com: spend limits",
     "credit", "", "other", HOUR),
    ("billing", "claude", 402, {}, a("billing_error", "There is an issue with your billing."), DOC,
     "credit", "", "other", HOUR),
    ("long context not enabled, 429", "claude", 429, {}, a(RATE, "Extra usage is required for long context requests."), CC + "42616",
     "none", "", "other", 0),
    ("long context not enabled, 400", "claude", 400, {}, a(BAD, "The long context beta is not yet available for this subscription."), CC + "27944",
     "none", "", "other", 0),
    ("unknown model", "claude", 404, {}, a("not_found_error", "model: claude-sonnet-9"), DOC,
     "none", "model", "other", HOUR),
    ("model not allowed", "claude", 403, {}, a("permission_error", "Your account does not have access to claude-sonnet-9."), DOC,
     "none", "model", "other", HOUR),
    ("invalid key", "claude", 401, {}, a("authentication_error", "invalid x-api-key"), DOC,
     "auth", "", "other", None),
    ("token revoked", "claude", 403, {}, a("permission_error", "OAuth token has been revoked. Please obtain a new token."), CC + "5210",
     "auth", "", "other", None),
    ("a page, 401", "claude", 401, {}, PAGE, PROXY,
     "gateway", "", "other", MINUTE),
    ("nothing, 401", "claude", 401, {}, "", PROXY,
     "gateway", "", "other", MINUTE),
    ("a page, 407", "claude", 407, {}, PAGE, PROXY,
     "gateway", "", "other", MINUTE),
    ("a page, 402", "claude", 402, {}, PAGE, "vercel.com/docs/errors",
     "gateway", "", "other", MINUTE),
    ("forbidden", "claude", 403, {}, a("forbidden", "Request not allowed"), CC + "55193",
     "none", "", "other", 0),
    ("overloaded, 529", "claude", 529, {}, a("overloaded_error", "Overloaded"), DOC,
     "overloaded", "", "other", 10),
    ("overloaded, 500", "claude", 500, {}, a("overloaded_error", "Overloaded"), DOC,
     "overloaded", "", "other", 10),
    ("overloaded, says when", "claude", 529, {"retry-after": "40"}, a("overloaded_error", "Overloaded"), DOC,
     "overloaded", "", "other", 40),
    ("internal error", "claude", 500, {}, a("api_error", "Internal server error"), DOC,
     "none", "", "other", 0),
    ("gateway timeout", "claude", 504, {}, a("timeout_error", "Request timed out"), DOC,
     "none", "", "other", 0),
    ("burst", "claude", 429, {"retry-after": "30"}, a(RATE, "This request would exceed your organization's rate limit."), "docs.claude.com/en/api/rate-limits",
     "burst", "", "other", 30),
    ("a bare 429", "claude", 429, {}, a(RATE, "Error"), CC + "27252",
     "none", "", "other", 0),
    ("five hours full", "claude", 429, lambda: {U + "status": "rejected", U + "5h-status": "rejected", U + "5h-utilization": "1.0", U + "5h-reset": later(900), U + "7d-utilization": "0.3", U + "7d-reset": later(DAY)}, a(RATE, "This request would exceed your account's rate limit."), "github.com/anomalyco/opencode/issues/49653",
     "window", "", "other", 900),
    ("seven days full", "claude", 429, lambda: {U + "status": "rejected", U + "5h-utilization": "0.2", U + "5h-reset": later(900), U + "7d-utilization": "1.0", U + "7d-reset": later(DAY)}, a(RATE, "This request would exceed your account's rate limit."), CC + "12829",
     "window", "", "other", DAY),
    ("one model's window, with shares", "claude", 429, lambda: {U + "status": "rejected", U + "5h-utilization": "0.2", U + "5h-reset": later(900), U + "7d-utilization": "0.5", U + "7d-reset": later(DAY), U + "7d_oi-status": "rejected", U + "7d_oi-utilization": "1.0", U + "7d_oi-reset": later(2 * DAY)}, a(RATE, "This request would exceed your account's rate limit."), "github.com/router-for-me/CLIProxyAPI/pull/5033",
     "none", "window", "other", 2 * DAY),
    ("one model's window, status alone", "claude", 429, lambda: {U + "status": "rejected", U + "reset": later(DAY), U + "5h-status": "allowed", U + "7d-status": "allowed", U + "7d_oi-status": "rejected", U + "7d_oi-reset": later(2 * DAY)}, a(RATE, "This request would exceed your account's rate limit."), "github.com/router-for-me/CLIProxyAPI/pull/5033",
     "none", "window", "other", 2 * DAY),
    ("rejected, no window full", "claude", 429, lambda: {U + "status": "rejected", U + "reset": later(DAY), U + "5h-utilization": "0.2", U + "5h-reset": later(900)}, a(RATE, "This request would exceed your account's rate limit."), "github.com/router-for-me/CLIProxyAPI/pull/5033",
     "none", "window", "other", DAY),
    ("a window's end beyond all plans", "claude", 429, lambda: {U + "status": "rejected", U + "7d-status": "rejected", U + "7d-utilization": "1.0", U + "7d-reset": later(20 * DAY)}, a(RATE, "x"), CC + "12829",
     "window", "", "other", 8 * DAY),
    ("another's end beyond all plans", "claude", 429, lambda: {U + "status": "rejected", U + "reset": later(20 * DAY), U + "5h-utilization": "0.2", U + "5h-reset": later(900)}, a(RATE, "x"), CC + "12829",
     "none", "window", "other", 8 * DAY),
    ("a week, without a window", "claude", 429, {"retry-after": str(6 * DAY)}, a(RATE, "x"), "docs.claude.com/en/api/rate-limits",
     "window", "", "other", 6 * DAY),
    ("spend limit, says until when", "claude", 400, {}, lambda: a(BAD, time.strftime("You have reached your specified API usage limits. You will regain access on %Y-%m-%d at %H:%M UTC.", time.gmtime(REGAIN))), "platform.claude.com: spend limits",
     "credit", "", "other", lambda: REGAIN - time.time()),
    ("a key's tokens used up", "claude", 429, lambda: {"anthropic-ratelimit-tokens-limit": "1000", "anthropic-ratelimit-tokens-remaining": "0", "anthropic-ratelimit-tokens-reset": later(45), "retry-after": "45"}, a(RATE, "This request would exceed the rate limit for your organization of 1,000 input tokens per minute."), "docs.claude.com/en/api/rate-limits",
     "window", "window", "other", 45),
    ("account disabled", "claude", 400, {}, a(BAD, "Your account has been disabled after an automatic review of your recent activities."), "github.com/router-for-me/CLIProxyAPI/issues/3409",
     "disabled", "", "other", DAY),
    ("organisation without access", "claude", 403, {}, a("permission_error", "Your organization does not have access to Claude. Please login again or contact your administrator."), CC + "47130",
     "disabled", "", "other", DAY),
    ("account without Claude Code", "claude", 403, {}, a("permission_error", "Your account does not have access to Claude Code. Please run /login."), "github.com/Alishahryar1/free-claude-code/issues/87",
     "disabled", "", "other", DAY),
    ("no member any more", "claude", 403, {}, a("permission_error", "Account is no longer a member of the organization associated with this token."), CC + "54863",
     "auth", "", "other", None),
    ("subscriptions switched off", "claude", 403, {}, a("permission_error", "Your organization has disabled Claude subscription access for Claude Code"), CC + "63685",
     "oauth", "", "other", DAY),
    ("terms, 403", "claude", 403, {}, a("permission_error", "Please accept the updated terms of service to continue."), CC + "65609",
     "terms", "", "other", 10 * MINUTE),
    ("a month's spend limit", "claude", 429, {}, a(RATE, "You've hit your monthly spend limit"), CC + "67939",
     "credit", "", "other", HOUR),
    ("model not found", "claude", 404, {}, a("not_found_error", "The requested model was not found"), DOC,
     "none", "model", "other", HOUR),
    ("five hours full, until a moment in ms", "claude", 429, lambda: {U + "status": "rejected", U + "5h-status": "rejected", U + "5h-reset": later(900) + "000"}, a(RATE, "x"), "github.com/anomalyco/opencode/issues/49653",
     "window", "", "other", 900),
    ("burst, until a moment", "claude", 429, lambda: {"retry-after": later(40)}, a(RATE, "x"), "docs.claude.com/en/api/rate-limits",
     "burst", "", "other", 40),
    ("burst, until a date", "claude", 429, lambda: {"Retry-After": formatdate(time.time() + 40, usegmt=True)}, a(RATE, "x"), PROXY,
     "burst", "", "other", 40),
    ("burst, until a date of RFC 850", "claude", 429, lambda: {"RETRY-AFTER": time.strftime("%A, %d-%b-%y %H:%M:%S GMT", time.gmtime(time.time() + 40))}, a(RATE, "x"), PROXY,
     "burst", "", "other", 40),
    ("a bad request", "claude", 400, {}, a(BAD, "messages: at least one message is required"), DOC,
     "none", "", "first", 0),
    ("too large", "claude", 413, {}, a("request_too_large", "Request exceeds the maximum size"), DOC,
     "none", "", "first", 0),
    ("another 404", "claude", 404, {}, a("not_found_error", "Not Found"), DOC,
     "none", "", "first", 0),
    ("a prompt is quoted", "claude", 400, {}, a(BAD, "messages.0.content: 'Your credit balance is too low', 'This organization has been disabled' is no list"), DOC,
     "none", "", "first", 0),
    ("a prompt beside the error", "claude", 400, {}, dict(a(BAD, "messages: not valid"), input="Your credit balance is too low to access the Anthropic API."), DOC,
     "none", "", "first", 0),
    ("known words, another status", "claude", 422, {}, a(BAD, "Your credit balance is too low"), DOC,
     "none", "", "first", 0),

    ("insufficient_quota", "groq", 429, {}, o("You exceeded your current quota, please check your plan and billing details.", "insufficient_quota", "insufficient_quota"), OAI,
     "credit", "", "other", HOUR),
    ("billing hard limit", "groq", 400, {}, o("Billing hard limit has been reached", "billing_hard_limit_reached"), "github.com/dfinke/PowerShellAI/issues/127",
     "credit", "", "other", HOUR),
    ("account deactivated", "groq", 401, {}, o("The OpenAI account associated with this API key has been deactivated.", "account_deactivated"), OAI,
     "disabled", "", "other", DAY),
    ("wrong key", "groq", 401, {}, o("Incorrect API key provided", "invalid_api_key"), OAI,
     "auth", "", "other", None),
    ("wrong key, a type alone", "groq", 401, {}, o("Unauthorized"), OAI,
     "auth", "", "other", None),
    ("wrong key, a code beside the message", "groq", 401, {}, {"code": 20012, "message": "Token is wrong", "data": None}, "docs.siliconflow.com",
     "auth", "", "other", None),
    ("wrong key, a string", "groq", 401, {}, '"Invalid token"', "docs.siliconflow.com",
     "auth", "", "other", None),
    ("wrong key, a message alone", "groq", 401, {}, {"message": "invalid api token"}, "docs.cohere.com/reference/errors",
     "auth", "", "other", None),
    ("wrong key, in plain text", "groq", 401, {}, "Incorrect API key provided: x", OAI,
     "auth", "", "other", None),
    ("a page, 401", "groq", 401, {}, PAGE, PROXY,
     "gateway", "", "other", MINUTE),
    ("a page in an error, 401", "groq", 401, {}, o(PAGE), PROXY,
     "gateway", "", "other", MINUTE),
    ("a word, 401", "groq", 401, {}, "Unauthorized", "doc.traefik.io/traefik/middlewares/http/basicauth",
     "gateway", "", "other", MINUTE),
    ("nothing, 401", "groq", 401, {}, "", PROXY,
     "gateway", "", "other", MINUTE),
    ("a message alone, 401", "groq", 401, {}, {"message": "No API key found in request"}, "docs.konghq.com/hub/kong-inc/key-auth",
     "gateway", "", "other", MINUTE),
    ("a gateway's code, 401", "groq", 401, {}, {"statusCode": 401, "message": "Access denied due to missing subscription key."}, "learn.microsoft.com/azure/api-management",
     "gateway", "", "other", MINUTE),
    ("problem details, 401", "groq", 401, {}, {"type": "about:blank", "title": "Unauthorized", "status": 401, "detail": "Log in"}, "rfc-editor.org/rfc/rfc9457",
     "gateway", "", "other", MINUTE),
    ("an object, 401", "groq", 401, {}, {"error": {}}, PROXY,
     "gateway", "", "other", MINUTE),
    ("a page, 407", "groq", 407, {}, PAGE, PROXY,
     "gateway", "", "other", MINUTE),
    ("a proxy's error, 407", "groq", 407, {}, o("Proxy Authentication Required"), PROXY,
     "gateway", "", "other", MINUTE),
    ("a page, 402", "groq", 402, {}, PAGE, "vercel.com/docs/errors",
     "gateway", "", "other", MINUTE),
    ("no balance, in plain text", "groq", 402, {}, "Insufficient Balance", "api-docs.deepseek.com/quick_start/error_codes",
     "credit", "", "other", HOUR),
    ("organisation restricted", "groq", 400, {}, o("Organization has been restricted. Please reach out to support if you believe this was in error.", "organization_restricted"), "github.com/songquanpeng/one-api/issues/1764",
     "disabled", "", "other", DAY),
    ("insufficient balance", "groq", 402, {}, o("Insufficient Balance"), "api-docs.deepseek.com/quick_start/error_codes",
     "credit", "", "other", HOUR),
    ("needs more credits", "groq", 402, {}, {"error": {"message": "This request requires more credits, or fewer max_tokens.", "code": 402}}, "github.com/can1357/oh-my-pi/issues/9569",
     "credit", "", "other", HOUR),
    ("suspended, 429", "groq", 429, {}, o("Your account is suspended due to insufficient balance, please recharge your account or check your plan and billing details", kind="exceeded_current_quota_error"), "github.com/MoonshotAI/kimi-code/pull/1857",
     "credit", "", "other", HOUR),
    ("not active, 403", "groq", 403, {}, o("Your account is not active, organization exceeded current quota, please check your plan and billing details", kind="exceeded_current_quota_error"), "github.com/MoonshotAI/Kimi-K2/issues/5",
     "credit", "", "other", HOUR),
    ("credits used, 403", "groq", 403, {}, {"code": "x", "error": "Your team has either used all available credits or reached its monthly spending limit."}, "github.com/warpdotdev/warp/issues/14863",
     "credit", "", "other", HOUR),
    ("credits used, 429", "groq", 429, {}, {"code": "x", "error": "Your team has either used all available credits or reached its monthly spending limit."}, "github.com/continuedev/continue/issues/10373",
     "credit", "", "other", HOUR),
    ("suspended, 412", "groq", 412, {}, o("Account a is suspended, possibly due to reaching the monthly spending limit or failure to pay past invoices.", "PRECONDITION_FAILED", "error"), "github.com/pollinations/pollinations/issues/12136",
     "credit", "", "other", HOUR),
    ("insufficient credits, 403", "groq", 403, {}, o("Insufficient credits: add more"), "openrouter.ai/docs/api-reference/errors",
     "credit", "", "other", HOUR),
    ("account suspended", "groq", 403, {}, o("Your account has been suspended"), OAI,
     "disabled", "", "other", DAY),
    ("decommissioned", "groq", 400, {}, o("The model `sonnet` has been decommissioned and is no longer supported.", "model_decommissioned"), "github.com/atiilla/sqlmap-ai/issues/3",
     "none", "model", "other", HOUR),
    ("free no more", "groq", 404, {}, {"error": {"message": "This model is unavailable for free. The paid version is available now", "code": 404}}, "openrouter.ai/docs/api-reference/errors",
     "none", "model", "other", HOUR),
    ("invalid model name", "groq", 400, {}, o("Invalid model name passed in model=sonnet"), "docs.litellm.ai/docs/exception_mapping",
     "none", "model", "other", HOUR),
    ("overloaded, 500", "groq", 500, {}, o("The model is overloaded. Please try again later."), "ai.google.dev/gemini-api/docs/troubleshooting",
     "none", "overloaded", "other", 10),
    ("a minute and a half", "groq", 429, {"X-RATELIMIT-LIMIT-TOKENS": "10", "X-RateLimit-Remaining-Tokens": "0", "x-RateLimit-reset-tokens": "1m30.5s"}, o("x"), GROQ,
     "window", "window", "other", 90),
    ("two hours", "groq", 429, {"x-ratelimit-limit-requests": "10", "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "2h"}, o("x"), GROQ,
     "window", "window", "other", 2 * HOUR),
    ("a moment in seconds", "groq", 429, lambda: {"x-ratelimit-limit-requests": "10", "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": later(77)}, o("x"), GROQ,
     "window", "window", "other", 77),
    ("a moment with an offset", "groq", 429, lambda: {"x-ratelimit-limit-requests": "10", "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": time.strftime("%Y-%m-%dT%H:%M:%S+0200", time.gmtime(time.time() + 77 + 2 * HOUR))}, o("x"), GROQ,
     "window", "window", "other", 77),
    ("a date", "groq", 429, lambda: {"x-ratelimit-limit-requests": "10", "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": formatdate(time.time() + 77, usegmt=True)}, o("x"), PROXY,
     "window", "window", "other", 77),
    ("wrong key, 400", "groq", 400, {}, {"error": {"code": 400, "message": "API key not valid. Please pass a valid API key.", "status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}}, "github.com/cequence-io/openai-scala-client/issues/109",
     "auth", "", "other", None),
    ("model_not_found", "groq", 404, {}, o("The model `sonnet` does not exist or you do not have access to it.", "model_not_found"), OAI,
     "none", "model", "other", HOUR),
    ("no endpoints", "groq", 404, {}, {"error": {"message": "No endpoints found for a/b:free.", "code": 404}}, "github.com/vyancharuk/nodejs-api-boilerplate/issues/16",
     "none", "model", "other", HOUR),
    ("not a valid model", "groq", 400, {}, {"error": {"message": "a/b:free is not a valid model ID", "code": 400}}, "github.com/maxnowack/anthropic-proxy/issues/4",
     "none", "model", "other", HOUR),
    ("too large for the key, 413", "groq", 413, {}, o("Request too large for model `llama` in organization `org` on tokens per minute (TPM): Limit 12000, Requested 14137", "rate_limit_exceeded", "tokens"), "github.com/continuedev/continue/issues/10218",
     "none", "", "other", 0),
    ("too large for the key, 429", "groq", 429, {}, o("Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 342389.", "rate_limit_exceeded", "tokens"), "github.com/vanna-ai/vanna-flask/issues/11",
     "none", "", "other", 0),
    ("tokens a minute", "groq", 429, {"retry-after": "5", "x-ratelimit-limit-tokens": "6000", "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1m4.77s"}, o("Rate limit reached for model `llama` on tokens per minute (TPM): Limit 6000, Used 5034, Requested 1443.", "rate_limit_exceeded", "tokens"), GROQ,
     "window", "window", "other", 65),
    ("requests a day", "groq", 429, {"retry-after": "120", "x-ratelimit-limit-requests": "100", "x-ratelimit-remaining-requests": "40", "x-ratelimit-reset-requests": "6m0s"}, o("Rate limit reached", "rate_limit_exceeded", "requests"), GROQ,
     "none", "burst", "other", 120),
    ("Azure, in seconds", "groq", 429, {"retry-after": "20", "x-ratelimit-limit-requests": "10", "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "20"}, {"error": {"code": "429", "message": "Requests to the ChatCompletions_Create Operation have exceeded call rate limit."}}, "learn.microsoft.com/azure/ai-foundry/openai/quotas-limits",
     "window", "window", "other", 20),
    ("OpenRouter, in milliseconds", "groq", 429, lambda: {"X-RateLimit-Limit": "50", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": later(600) + "000"}, {"error": {"message": "Rate limit exceeded: free-models-per-day", "code": 429}}, "openrouter.ai/docs/api-reference/limits",
     "window", "window", "other", 600),
    ("the engine is overloaded", "groq", 503, {}, o("The engine is currently overloaded, please try again later", kind="server_error"), OAI,
     "none", "overloaded", "other", 10),
    ("flex capacity", "groq", 498, {}, o("Flex tier capacity exceeded", "capacity_exceeded"), "console.groq.com/docs/errors",
     "none", "overloaded", "other", 10),
    ("server error", "groq", 500, {}, o("The server had an error", kind="server_error"), OAI,
     "none", "", "other", 0),
    ("moderation", "groq", 403, {}, {"error": {"message": "Your input was flagged by moderation", "code": 403}}, "openrouter.ai/docs/api-reference/errors",
     "none", "", "first", 0),
    ("a bad request", "groq", 400, {}, o("'messages' is a required property"), OAI,
     "none", "", "first", 0),
    ("context length", "groq", 400, {}, o("This model's maximum context length is 8192 tokens.", "context_length_exceeded"), OAI,
     "none", "", "first", 0),
    ("a prompt is quoted", "groq", 400, {}, o("Invalid 'messages[0].content': 'insufficient_quota, incorrect api key, model_not_found, billing hard limit'"), OAI,
     "none", "", "first", 0),
    ("a prompt beside the error", "groq", 400, {}, dict(o("not valid"), input="account_deactivated organization_restricted api key expired a is not a valid model ID"), OAI,
     "none", "", "first", 0),
    ("content refused", "groq", 403, {}, {"code": "The caller does not have permission to execute the specified operation", "error": "Content violates usage guidelines. Team: x"}, "docs.x.ai/docs/guides/errors",
     "none", "", "other", 0),
    ("a page of a guard", "groq", 403, {}, "<!DOCTYPE html><title>Just a moment...</title><p>invalid api key, credits, access to model", "developers.cloudflare.com/support/troubleshooting",
     "none", "", "other", 0),
    ("a country", "groq", 403, {}, o("Country, region, or territory not supported", "unsupported_country_region_territory", "request_forbidden"), OAI,
     "none", "", "other", 0),
    ("key leaked", "groq", 403, {}, {"error": {"code": 403, "message": "Your API key was reported as leaked. Please use another API key.", "status": "PERMISSION_DENIED"}}, "discuss.ai.google.dev",
     "auth", "", "other", None),
    ("wrong key, 403", "groq", 403, {}, o("Invalid API key", "invalid_api_key"), OAI,
     "auth", "", "other", None),
    ("the key's own limit", "groq", 403, {}, {"error": {"message": "Key limit exceeded (total limit). Manage it using https://openrouter.ai/settings/keys", "code": 403}}, "openrouter.ai/docs/api-reference/limits",
     "credit", "", "other", HOUR),
    ("Gemini, a minute's quota", "groq", 429, {}, [{"error": {"code": 429, "message": "You exceeded your current quota, please check your plan and billing details.", "status": "RESOURCE_EXHAUSTED", "details": [{"@type": "type.googleapis.com/google.rpc.QuotaFailure"}, {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "41s"}]}}], "ai.google.dev/gemini-api/docs/rate-limits",
     "none", "burst", "other", 41),
    ("Gemini, in words", "groq", 429, {}, {"error": {"code": 429, "message": "You exceeded your current quota, please check your plan and billing details. Please retry in 33.5s.", "status": "RESOURCE_EXHAUSTED"}}, "ai.google.dev/gemini-api/docs/rate-limits",
     "none", "burst", "other", 33),
    ("a day's tokens, a minute's window", "groq", 429, {"retry-after": "1200", "x-ratelimit-limit-tokens": "6000", "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6s"}, o("Rate limit reached for model `llama` on tokens per day (TPD): Limit 500000, Used 499000, Requested 8000. Please try again in 20m0s.", "rate_limit_exceeded", "tokens"), GROQ,
     "window", "window", "other", 1200),
    ("Azure, in milliseconds", "groq", 429, {"retry-after-ms": "37000"}, {"error": {"code": "429", "message": "Requests have exceeded call rate limit."}}, "learn.microsoft.com/azure/ai-foundry/openai/quotas-limits",
     "none", "burst", "other", 37),
    ("Azure, in words", "groq", 429, {}, {"error": {"code": "429", "message": "Requests have exceeded call rate limit. Please retry after 26 seconds."}}, "learn.microsoft.com/azure/ai-foundry/openai/quotas-limits",
     "none", "burst", "other", 26),
    ("OpenRouter, fields passed on", "groq", 429, {}, lambda: {"error": {"message": "Rate limit exceeded: free-models-per-min. ", "code": 429, "metadata": {"headers": {"X-RateLimit-Limit": "20", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": later(50) + "000"}}}}, "openrouter.ai/docs/api-reference/limits",
     "none", "burst", "other", 50),
    ("OpenRouter, a day, passed on", "groq", 429, {}, lambda: {"error": {"message": "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day", "code": 429, "metadata": {"headers": {"X-RateLimit-Limit": "50", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": later(20 * HOUR) + "000"}}}}, "github.com/Gitlawb/openclaude/issues/936",
     "none", "window", "other", 20 * HOUR),
    ("OpenRouter, a day, in fields", "groq", 429, lambda: {"X-RateLimit-Limit": "50", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": later(20 * HOUR) + "000"}, {"error": {"message": "Rate limit exceeded: free-models-per-day", "code": 429}}, "openrouter.ai/docs/api-reference/limits",
     "window", "window", "other", 20 * HOUR),
    ("a day, in seconds", "groq", 429, {"retry-after": "80000"}, o("Rate limit reached for model `llama` on requests per day (RPD): Limit 1000, Used 1000, Requested 1.", "rate_limit_exceeded", "requests"), GROQ,
     "none", "window", "other", 80000),
    ("a day, in words", "groq", 429, {}, o("Rate limit reached on tokens per day (TPD). Please try again in 7h12m3.5s. Visit x.", "rate_limit_exceeded", "tokens"), GROQ,
     "none", "window", "other", 25923),
    ("a day, in long words", "groq", 429, {}, o("Please try again in 1 day, or later. Not in 2 minutes."), GROQ,
     "none", "window", "other", DAY),
    ("hours and minutes, in words", "groq", 429, {}, o("Please try again in 2 hours and 5 minutes."), GROQ,
     "none", "window", "other", 2 * HOUR + 5 * MINUTE),
    ("no time, in words", "groq", 429, {}, o("Please try again in 1 month."), GROQ,
     "none", "", "other", 0),
    ("Retry-After as a duration", "groq", 429, {"retry-after": "2m30s"}, o("x"), GROQ,
     "none", "burst", "other", 150),
    ("Gemini, a day's quota", "groq", 429, {}, [{"error": {"code": 429, "message": "You exceeded your current quota.", "status": "RESOURCE_EXHAUSTED", "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "52341s"}]}}], "ai.google.dev/gemini-api/docs/rate-limits",
     "none", "window", "other", 52341),
    ("Azure, a day in milliseconds", "groq", 429, {"retry-after-ms": "86400000", "retry-after": "86400"}, {"error": {"code": "429", "message": "x"}}, "learn.microsoft.com/azure/ai-foundry/openai/quotas-limits",
     "none", "window", "other", DAY),
    ("Mistral, a minute", "groq", 429, {"x-ratelimit-limit-req-minute": "60", "x-ratelimit-remaining-req-minute": "0", "x-ratelimit-limit-tokens-minute": "50000", "x-ratelimit-remaining-tokens-minute": "47196", "x-ratelimit-limit-tokens-month": "4000000", "x-ratelimit-remaining-tokens-month": "3950246", "x-ratelimit-tokens-query-cost": "52"}, {"object": "error", "message": "Rate limit exceeded", "type": "rate_limited", "code": "1300"}, "github.com/mistralai/client-ts/issues/169",
     "window", "window", "other", 60),
    ("Mistral, a month", "groq", 429, {"x-ratelimit-limit-req-minute": "60", "x-ratelimit-remaining-req-minute": "9", "x-ratelimit-limit-tokens-month": "4000000", "x-ratelimit-remaining-tokens-month": "0"}, {"object": "error", "message": "Rate limit exceeded", "type": "rate_limited", "code": "1300"}, "github.com/promptfoo/promptfoo/pull/10577",
     "window", "window", "other", DAY),
    ("Mistral, no allowance at all", "groq", 429, {"x-ratelimit-limit-req-minute": "0", "x-ratelimit-remaining-req-minute": "0"}, {"object": "error", "message": "Rate limit exceeded", "type": "rate_limited", "code": "1300"}, "github.com/mistralai/client-ts/issues/169",
     "window", "window", "other", 60),
    ("Cerebras, a day", "groq", 429, {"x-ratelimit-limit-requests-day": "14400", "x-ratelimit-remaining-requests-day": "0", "x-ratelimit-reset-requests-day": "33011.382867097855", "x-ratelimit-limit-tokens-minute": "60000", "x-ratelimit-remaining-tokens-minute": "59000", "x-ratelimit-reset-tokens-minute": "11.38"}, {"message": "Requests per day limit exceeded", "type": "too_many_requests_error", "param": "quota", "code": "request_quota_exceeded"}, "inference-docs.cerebras.ai/support/rate-limits",
     "window", "window", "other", 33011),
    ("SambaNova, a day", "groq", 429, {"x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "30", "x-ratelimit-limit-requests-day": "1500", "x-ratelimit-remaining-requests-day": "0", "x-ratelimit-reset-requests-day": "4h17m"}, o("x"), "docs.sambanova.ai/docs/en/models/rate-limits",
     "window", "window", "other", 4 * HOUR + 17 * MINUTE),
    ("a month's credit", "groq", 402, {"retry-after": str(20 * DAY)}, o("Monthly credit used"), OAI,
     "credit", "", "other", 20 * DAY),
    ("more than a month is nonsense", "groq", 429, {"retry-after": str(40 * DAY)}, o("x"), OAI,
     "none", "window", "other", 6 * HOUR),
    ("minutes, in words", "groq", 429, {}, o("Rate limit reached for model `llama` on tokens per day (TPD): Limit 100000, Used 99800, Requested 700. Please try again in 7m12s. Need more tokens?", "rate_limit_exceeded", "tokens"), GROQ,
     "none", "burst", "other", 7 * MINUTE + 12),
    ("a moment, as ISO has it", "groq", 429, lambda: {"x-ratelimit-limit-requests": "10", "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 77))}, o("x"), GROQ,
     "window", "window", "other", 77),
    ("the bill is not paid, 400", "groq", 400, {}, o("Access denied, please make sure your account is in good standing.", "Arrearage", "Arrearage"), "github.com/hsliuping/TradingAgents-CN/issues/170",
     "credit", "", "other", HOUR),
    ("the bill is not paid, 403", "groq", 403, {}, {"code": "AccountOverdueError", "message": "The request failed because your account has an overdue balance.", "param": "", "type": "Forbidden"}, "github.com/coze-dev/coze-studio/issues/2195",
     "credit", "", "other", HOUR),
    ("the bill is not paid, in words", "groq", 403, {}, "Access denied due to overdue account", "github.com/RooCodeInc/Roo-Code/issues/12309",
     "credit", "", "other", HOUR),
    ("included credits used", "groq", 402, {}, {"error": "You have exceeded your monthly included credits for Inference Providers. Subscribe to PRO to get 20x more monthly included credits."}, "github.com/huggingface/agents-course/issues/386",
     "credit", "", "other", HOUR),
    ("in words alone", "groq", 429, {}, o("Rate limit reached for gpt-4o on requests per min. Limit: 3 / min. Please try again in 20s.", "rate_limit_exceeded", "requests"), OAI,
     "none", "burst", "other", 20),
]


def fetch(url, body=None):
    data = json.dumps(body).encode() if body is not None else None
    try:
        with urllib.request.urlopen(url, data) as f:
            return f.status, f.headers, json.load(f)
    except urllib.error.HTTPError as e:
        return e.code, e.headers, json.loads(e.read() or b"{}")


def script(provider, status, fields, body):
    fields = fields() if callable(fields) else fields
    body = body() if callable(body) else body
    step = {"status": status, "headers": fields, "body": body}
    rules = {"answers": {}, "keys": {}}
    if provider == "claude":
        rules["answers"] = {"sk-ant-api03-a": [step]}
    else:
        rules["keys"] = {"gsk-a1": [step]}
    fetch(PROVIDER + "/set", rules)


def ask(provider):
    if provider == "claude":
        return fetch(URL + "/v1/messages", {
            "model": "claude-sonnet-9", "max_tokens": 9,
            "messages": [{"role": "user", "content": "hi"}]})
    return fetch(URL + "/v1/chat/completions", {
        "model": "groq:sonnet",
        "messages": [{"role": "user", "content": "hi"}]})


def forget():
    """The worker looks now and then whether the file that counts requests is
    still there, and makes another one."""
    shutil.rmtree(os.path.join(HOME, "state"), ignore_errors=True)
    until = time.monotonic() + 90
    while not os.path.exists(os.path.join(HOME, "state", "table")) and \
            time.monotonic() < until:
        fetch(URL + "/accounts")


def check(row):
    _, provider, status, fields, body, _, account, model, who, clock = row
    clock, begun = clock() if callable(clock) else clock, time.time()
    forget()
    script(provider, status, fields, body)
    first, second = ("a", "b") if provider == "claude" else ("a1", "b1")
    got, head, _ = ask(provider)
    want = (200, second) if who == "other" else (status, first)
    if (got, head["x-dario-account"]) != want:
        return got, head["x-dario-account"]
    accounts = {x["alias"]: x
                for x in fetch(URL + "/accounts")[2]["accounts"]}
    x = accounts[first]
    if x["cause"] != account:
        return x["cause"], x["why"]
    if accounts[second]["cause"] != "none":
        return "the other is said to rest", accounts[second]["cause"]
    ends = {r["cause"]: r["resetsAt"] for r in x["resting"]}
    ends.update({"window": w["resetsAt"] for w in x["windows"]
                 if w["used"] >= 1 and w["families"]})
    if not model and ends:
        return "a model rests", ends
    if model == "window" and not ends and x["headroom"] == 0:
        ends = {"window": x["resetsAt"]}
    if model and model not in ends:
        return "no model rests", x
    end = ends[model] if model else x["resetsAt"]
    if clock and not begun - 5 < end / 1000 - clock < time.time() + 5:
        return "its end is in", end / 1000 - time.time()
    if clock is None and end:
        return "it ends", end
    before, again = fetch(PROVIDER + "/seen")[2], ask(provider)
    if who == "other" and clock != 0 and \
            again[1]["x-dario-account"] != second:
        return "it is asked again", again[1]["x-dario-account"]
    return None


for r in ROWS:
    try:
        why = check(r)
    except Exception as e:
        why = repr(e)
    name = f"{r[1]} {r[2]}: {r[0]} ({r[5]})"
    print(f"FAIL {name}: {why}" if why else f"PASS {name}", flush=True)
print(f"{len(ROWS)} refusals")
