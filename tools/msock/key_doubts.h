/* SPDX-License-Identifier: Apache-2.0 */
/* What a survey does not know, told on standard error: silence is no consent,
 * names may be mistyped, and members may bear any name. */
#ifndef MSOCK_TOOLS_KEY_DOUBTS_H
#define MSOCK_TOOLS_KEY_DOUBTS_H

#include "tools/msock/key_survey.h"

/** Tells that no node was heard that counts.  Returns CLI_FAILURE. */
int key_tell_nobody(const struct key_survey *survey, const char *hint);

/** Tells whose names nothing vouches for, who of the trust file was not heard,
 *  and which names of --except nobody bears. */
void key_tell_doubts(const struct key_survey *survey);

/** As key_survey_all(), and tells the doubts: fails if nobody was heard that
 *  counts. */
int key_survey_asked(struct key_survey *survey, const struct key_call *call);

#endif
