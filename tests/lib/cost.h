/* SPDX-License-Identifier: MIT */
/* cost: one request with its stream, for whoever counts what that costs. */
#ifndef COST_H
#define COST_H

#define COST_MODEL "claude-sonnet-4-5"
#define COST_STEP 160 /* bytes in one piece: about an event */

static const char cost_request[] =
	"{\"model\":\"" COST_MODEL "\",\"stream\":true,\"max_tokens\":99,"
	"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"look\","
	"\"parameters\":{\"type\":\"object\",\"properties\":{\"at\":"
	"{\"type\":\"string\"}}}}}],\"messages\":[{\"role\":\"system\","
	"\"content\":\"be short\"},{\"role\":\"user\",\"content\":\"a few "
	"words of a question, and then a few more of them\"},{\"role\":"
	"\"assistant\",\"content\":\"an answer\"},{\"role\":\"user\","
	"\"content\":\"and another question\"}]}";

#define COST_WORD \
	"event: content_block_delta\n" \
	"data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":" \
	"{\"type\":\"text_delta\",\"text\":\"some words\"}}\n\n"
#define COST_WORDS COST_WORD COST_WORD COST_WORD COST_WORD COST_WORD

static const char cost_events[] =
	"event: message_start\n"
	"data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\","
	"\"type\":\"message\",\"role\":\"assistant\",\"model\":\"c\","
	"\"content\":[],\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n"
	"event: content_block_start\n"
	"data: {\"type\":\"content_block_start\",\"index\":0,"
	"\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n" COST_WORDS
		COST_WORDS COST_WORDS COST_WORDS
	"event: content_block_stop\n"
	"data: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
	"event: message_delta\n"
	"data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
	"\"end_turn\"},\"usage\":{\"output_tokens\":7}}\n\n"
	"event: message_stop\n"
	"data: {\"type\":\"message_stop\"}\n\n";

#endif
