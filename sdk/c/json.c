// Reads and writes JSON, as far as a plugin needs it: values by JSON pointer, array items, quoted strings.

#include "postlude.h"
#include <stdlib.h>
#include <string.h>

// The host hands over JSON of 32 levels at most.
#define DEPTH 64

typedef struct {
    const uint8_t *at;
    const uint8_t *end;
} Cursor;

static void skip_space(Cursor *c) {
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t' || *c->at == '\r')) c->at++;
}

// At a quote: moves past the string.
static bool skip_string(Cursor *c) {
    c->at++;
    while (c->at < c->end) {
        if (*c->at == '\\') {
            c->at += 2;
        } else if (*c->at++ == '"') {
            return true;
        }
    }
    return false;
}

// A character of a number or a literal.
static bool is_plain(uint8_t c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '+' || c == '.' || c == 'E';
}

// Moves past one value, white space before it included.
static bool skip_value(Cursor *c) {
    size_t depth = 0;
    do {
        skip_space(c);
        if (c->at >= c->end) return false;
        uint8_t first = *c->at;
        if (first == '{' || first == '[') {
            if (++depth > DEPTH) return false;
            c->at++;
        } else if (first == '}' || first == ']') {
            if (depth-- == 0) return false;
            c->at++;
        } else if (first == ',' || first == ':') {
            if (depth == 0) return false;
            c->at++;
        } else if (first == '"') {
            if (!skip_string(c)) return false;
        } else {
            const uint8_t *from = c->at;
            while (c->at < c->end && is_plain(*c->at)) c->at++;
            if (c->at == from) return false;
        }
    } while (depth > 0);
    return true;
}

static postlude_string between(const uint8_t *from, const uint8_t *to) {
    return (postlude_string){(uint8_t *)from, (size_t)(to - from)};
}

// The next value, and the cursor behind it.
static bool take_value(Cursor *c, postlude_string *value) {
    skip_space(c);
    const uint8_t *from = c->at;
    if (!skip_value(c) || c->at > c->end || c->at == from) return false;
    *value = between(from, c->at);
    return true;
}

static bool begins(postlude_string json, uint8_t first, Cursor *c) {
    *c = (Cursor){json.ptr, json.ptr + json.len};
    skip_space(c);
    if (c->at >= c->end || *c->at != first) return false;
    c->at++;
    return true;
}

// Past a comma, or false at the end of the array or object.
static bool more(Cursor *c) {
    skip_space(c);
    if (c->at < c->end && *c->at == ',') {
        c->at++;
        return true;
    }
    return false;
}

// Four hexadecimal digits; -1 where they are none.
static int32_t hex4(const uint8_t *at, const uint8_t *end) {
    if (end - at < 4) return -1;
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t digit = at[i];
        int32_t one = digit >= '0' && digit <= '9'   ? digit - '0'
                      : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
                      : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                                     : -1;
        if (one < 0) return -1;
        value = value << 4 | one;
    }
    return value;
}

static uint8_t *put_utf8(uint8_t *out, uint32_t c) {
    if (c < 0x80) {
        *out++ = (uint8_t)c;
    } else if (c < 0x800) {
        *out++ = (uint8_t)(0xc0 | c >> 6);
        *out++ = (uint8_t)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *out++ = (uint8_t)(0xe0 | c >> 12);
        *out++ = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        *out++ = (uint8_t)(0x80 | (c & 0x3f));
    } else {
        *out++ = (uint8_t)(0xf0 | c >> 18);
        *out++ = (uint8_t)(0x80 | (c >> 12 & 0x3f));
        *out++ = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        *out++ = (uint8_t)(0x80 | (c & 0x3f));
    }
    return out;
}

// Behind `\u`: the code point, of two escapes where the first is a surrogate.
static bool unescape_u(const uint8_t **at, const uint8_t *end, uint32_t *c) {
    int32_t high = hex4(*at, end);
    if (high < 0) return false;
    *at += 4;
    *c = (uint32_t)high;
    if (high >= 0xdc00 && high <= 0xdfff) return false;
    if (high < 0xd800 || high > 0xdbff) return true;
    if (end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u') return false;
    int32_t low = hex4(*at + 2, end);
    if (low < 0xdc00 || low > 0xdfff) return false;
    *at += 6;
    *c = 0x10000 + ((uint32_t)(high - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
    return true;
}

// The content of a JSON string.
static bool decode(postlude_string json, postlude_string *text) {
    if (json.len < 2 || json.ptr[0] != '"' || json.ptr[json.len - 1] != '"') return false;
    const uint8_t *at = json.ptr + 1, *end = json.ptr + json.len - 1;
    if (!memchr(at, '\\', (size_t)(end - at))) {
        *text = between(at, end);
        return true;
    }
    // Decoded text is never longer.
    uint8_t *out = malloc((size_t)(end - at)), *start = out;
    if (!out) return false;
    while (at < end) {
        if (*at != '\\') {
            *out++ = *at++;
            continue;
        }
        if (++at >= end) return false;
        uint8_t escape = *at++;
        static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
        const char *found = escape ? strchr(from, escape) : NULL;
        uint32_t c;
        if (found) {
            *out++ = (uint8_t)to[found - from];
        } else if (escape == 'u' && unescape_u(&at, end, &c)) {
            out = put_utf8(out, c);
        } else {
            return false;
        }
    }
    *text = between(start, out);
    return true;
}

// The member of an object.
static bool member(postlude_string json, postlude_string name, postlude_string *value) {
    Cursor c;
    if (!begins(json, '{', &c)) return false;
    do {
        postlude_string key, text;
        skip_space(&c);
        if (c.at >= c.end || *c.at != '"' || !take_value(&c, &key) || !decode(key, &text)) return false;
        skip_space(&c);
        if (c.at >= c.end || *c.at++ != ':' || !take_value(&c, value)) return false;
        if (text.len == name.len && memcmp(text.ptr, name.ptr, name.len) == 0) return true;
    } while (more(&c));
    return false;
}

// The item of an array whose index is the token of a pointer.
static bool item(postlude_string json, postlude_string token, postlude_string *value) {
    if (token.len == 0 || token.len > 9 || (token.len > 1 && token.ptr[0] == '0')) return false;
    size_t index = 0;
    for (size_t i = 0; i < token.len; i++) {
        if (token.ptr[i] < '0' || token.ptr[i] > '9') return false;
        index = index * 10 + (size_t)(token.ptr[i] - '0');
    }
    postlude_json_items items = postlude_json_array(json);
    do {
        if (!postlude_json_next(&items, value)) return false;
    } while (index-- > 0);
    return true;
}

bool postlude_json_get(postlude_string json, const char *pointer, postlude_string *value) {
    Cursor whole = {json.ptr, json.ptr + json.len};
    if (!take_value(&whole, &json)) return false;
    while (*pointer == '/') {
        size_t length = strcspn(++pointer, "/");
        postlude_string token = {malloc(length + 1), 0};
        if (!token.ptr) return false;
        for (size_t i = 0; i < length; i++) {
            uint8_t c = (uint8_t)pointer[i];
            if (c == '~' && i + 1 < length) c = pointer[++i] == '1' ? '/' : '~';
            token.ptr[token.len++] = c;
        }
        postlude_string next;
        bool found = json.len && *json.ptr == '[' ? item(json, token, &next) : member(json, token, &next);
        if (!found) return false;
        json = next;
        pointer += length;
    }
    *value = json;
    return *pointer == 0;
}

bool postlude_json_text(postlude_string json, const char *pointer, postlude_string *text) {
    postlude_string value;
    return postlude_json_get(json, pointer, &value) && decode(value, text);
}

bool postlude_json_bool(postlude_string json, const char *pointer, bool *value) {
    postlude_string found;
    if (!postlude_json_get(json, pointer, &found)) return false;
    *value = postlude_equal(found, "true");
    return *value || postlude_equal(found, "false");
}

bool postlude_json_int(postlude_string json, const char *pointer, int64_t *value) {
    postlude_string found;
    if (!postlude_json_get(json, pointer, &found) || found.len == 0) return false;
    bool negative = found.ptr[0] == '-';
    size_t at = negative ? 1 : 0;
    if (at == found.len) return false;
    int64_t number = 0;
    for (; at < found.len; at++) {
        if (found.ptr[at] < '0' || found.ptr[at] > '9') return false;
        int64_t digit = found.ptr[at] - '0';
        if (__builtin_mul_overflow(number, 10, &number)) return false;
        if (negative ? __builtin_sub_overflow(number, digit, &number) : __builtin_add_overflow(number, digit, &number))
            return false;
    }
    *value = number;
    return true;
}

postlude_json_items postlude_json_array(postlude_string json) {
    Cursor c;
    if (!begins(json, '[', &c)) return (postlude_json_items){{NULL, 0}};
    return (postlude_json_items){between(c.at, c.end)};
}

bool postlude_json_next(postlude_json_items *items, postlude_string *value) {
    if (!items->rest.len) return false;
    Cursor c = {items->rest.ptr, items->rest.ptr + items->rest.len};
    bool found = take_value(&c, value);
    items->rest = found && more(&c) ? between(c.at, c.end) : (postlude_string){NULL, 0};
    return found;
}

postlude_string postlude_json_quote(postlude_string text) {
    // A control character becomes six bytes.
    uint8_t *out = malloc(text.len * 6 + 2), *at = out;
    if (!out) abort();
    *at++ = '"';
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c == '"' || c == '\\') {
            *at++ = '\\';
            *at++ = c;
        } else if (c < 0x20) {
            static const char digits[] = "0123456789abcdef";
            memcpy(at, "\\u00", 4);
            at[4] = (uint8_t)digits[c >> 4];
            at[5] = (uint8_t)digits[c & 15];
            at += 6;
        } else {
            *at++ = c;
        }
    }
    *at++ = '"';
    return between(out, at);
}
