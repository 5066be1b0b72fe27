// Tests of json.c on this machine. `make languages` runs them.

#include "../json.c"
#include <stdio.h>

// What json.c takes from postlude.c, which needs a host.
bool postlude_equal(postlude_string string, const char *text) {
    return string.len == strlen(text) && memcmp(string.ptr, text, string.len) == 0;
}

static int failed = 0;

#define CHECK(condition)                                              \
    do {                                                              \
        if (!(condition)) {                                           \
            failed++;                                                 \
            printf("json_test.c:%d: not so: %s\n", __LINE__, #condition); \
        }                                                             \
    } while (0)

// A copy without a zero behind it, so that reading past the end is found.
static postlude_string json(const char *text) {
    size_t len = strlen(text);
    uint8_t *copy = malloc(len ? len : 1);
    memcpy(copy, text, len);
    return (postlude_string){copy, len};
}

static bool get_is(const char *text, const char *pointer, const char *expected) {
    postlude_string value;
    return postlude_json_get(json(text), pointer, &value) && postlude_equal(value, expected);
}

static bool absent(const char *text, const char *pointer) {
    postlude_string value;
    return !postlude_json_get(json(text), pointer, &value);
}

static bool text_is(const char *text, const char *pointer, const char *expected) {
    postlude_string value;
    return postlude_json_text(json(text), pointer, &value) && postlude_equal(value, expected);
}

static void pointers(void) {
    const char *doc = "{\"a\":{\"b\":[1,\"two\",{\"c\":null}]},\"x/y\":true,\"m~n\":-2.5e3,\"\":\"empty\"}";
    CHECK(get_is(doc, "/a/b/0", "1"));
    CHECK(get_is(doc, "/a/b/1", "\"two\""));
    CHECK(get_is(doc, "/a/b/2", "{\"c\":null}"));
    CHECK(get_is(doc, "/a/b/2/c", "null"));
    CHECK(get_is(doc, "/x~1y", "true"));
    CHECK(get_is(doc, "/m~0n", "-2.5e3"));
    CHECK(get_is(doc, "/", "\"empty\""));
    CHECK(get_is(doc, "", doc));
    CHECK(get_is(" { \"a\" : [ 1 , 2 ] } ", "/a/1", "2"));
    CHECK(absent(doc, "/a/b/3") && absent(doc, "/a/b/01") && absent(doc, "/a/b/-") && absent(doc, "/z"));
    CHECK(absent(doc, "/a/b/0/c") && absent(doc, "a"));
}

static void strings(void) {
    CHECK(text_is("\"plain\"", "", "plain"));
    CHECK(text_is("\"\"", "", ""));
    CHECK(text_is("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "", "a\"\\/\b\f\n\r\t"));
    CHECK(text_is("\"\\u00e9\\u20ac\\ud83d\\ude00\"", "", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
    CHECK(text_is("{\"\\u0061\":\"b\"}", "/a", "b"));
    postlude_string value;
    const char *malformed[] = {"\"\\ud83d\"", "\"\\ude00\"", "\"\\u12\"", "\"\\x\"", "\"open", "1", "null", "\"\\"};
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        CHECK(!postlude_json_text(json(malformed[i]), "", &value));
    }
}

static void numbers(void) {
    int64_t number;
    CHECK(postlude_json_int(json("9223372036854775807"), "", &number) && number == INT64_MAX);
    CHECK(postlude_json_int(json("-9223372036854775808"), "", &number) && number == INT64_MIN);
    CHECK(postlude_json_int(json("[0,-7]"), "/1", &number) && number == -7);
    const char *none[] = {"9223372036854775808", "-9223372036854775809", "1.5", "1e3", "-", "\"1\"", "", "true"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) CHECK(!postlude_json_int(json(none[i]), "", &number));
    bool is;
    CHECK(postlude_json_bool(json("true"), "", &is) && is);
    CHECK(postlude_json_bool(json("false"), "", &is) && !is);
    CHECK(!postlude_json_bool(json("null"), "", &is));
}

static void arrays(void) {
    postlude_string value;
    postlude_json_items items = postlude_json_array(json("[1,[2,3],\"]\"]"));
    CHECK(postlude_json_next(&items, &value) && postlude_equal(value, "1"));
    CHECK(postlude_json_next(&items, &value) && postlude_equal(value, "[2,3]"));
    CHECK(postlude_json_next(&items, &value) && postlude_equal(value, "\"]\""));
    CHECK(!postlude_json_next(&items, &value) && !postlude_json_next(&items, &value));
    const char *none[] = {"[]", "{}", "", "[", "1"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        items = postlude_json_array(json(none[i]));
        CHECK(!postlude_json_next(&items, &value));
    }
}

// What is cut off or is no JSON ends, and reads nothing past its end.
static void malformed(void) {
    const char *doc = "{\"a\":[{\"b\":\"\\u00e9\"},-1.5,true],\"c\":{}}";
    postlude_string value;
    for (size_t len = 0; len < strlen(doc); len++) {
        uint8_t *exact = malloc(len ? len : 1);
        memcpy(exact, doc, len);
        postlude_json_get((postlude_string){exact, len}, "/c", &value);
        CHECK(!postlude_json_get((postlude_string){exact, len}, "/d", &value));
    }
    CHECK(!postlude_json_get((postlude_string){(uint8_t *)"[\0]", 3}, "/0", &value));
    CHECK(absent("[!]", "/0") && absent("[", "/0") && absent("]", "") && absent("{\"a\"}", "/a") && absent(",", ""));
    char deep[200];
    memset(deep, '[', 199);
    deep[199] = 0;
    CHECK(absent(deep, "/0"));
}

static void quoting(void) {
    const char *all = "a\"\\\n\x01\xc3\xa9";
    postlude_string quoted = postlude_json_quote(json(all)), back;
    CHECK(postlude_equal(quoted, "\"a\\\"\\\\\\u000a\\u0001\xc3\xa9\""));
    CHECK(postlude_json_text(quoted, "", &back) && postlude_equal(back, all));
}

int main(void) {
    pointers();
    strings();
    numbers();
    arrays();
    malformed();
    quoting();
    printf("json.c: %s\n", failed ? "not as it should be" : "all checks hold");
    return failed != 0;
}
