/* SPDX-License-Identifier: Apache-2.0 */
/* Gives what codec/json.h declares other names, JSON_NAME(scan) and so on, so
 * that a program can hold the scanner more than once. Include it first. */
#ifndef TESTS_SUPPORT_JSON_RENAME_H
#define TESTS_SUPPORT_JSON_RENAME_H

#define msock__json_scan JSON_NAME(scan)
#define msock__json_space JSON_NAME(space)
#define msock__json_member JSON_NAME(member)
#define msock__json_element JSON_NAME(element)
#define msock__json_unescape JSON_NAME(unescape)
#define msock__json_equal JSON_NAME(equal)
#define msock__json_integer JSON_NAME(integer)
#define msock__json_compact JSON_NAME(compact)
#define msock__json_quote JSON_NAME(quote)

#endif
