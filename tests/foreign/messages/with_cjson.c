/* Reads each body as an MCP server on cJSON does. The argument says which function looks a member
 * up: `any-case` is cJSON_GetObjectItem, `exact` is cJSON_GetObjectItemCaseSensitive. Both take the
 * first of two members of one name, and to both a name or a string ends at its first NUL.
 *
 * Reads records from stdin and writes a line for each; judge.py describes both. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

static int any_case;

static const cJSON *member(const cJSON *object, const char *name)
{
    return any_case ? cJSON_GetObjectItem(object, name)
                    : cJSON_GetObjectItemCaseSensitive(object, name);
}

static void field(const cJSON *text)
{
    if (!cJSON_IsString(text) || text->valuestring == NULL)
        return;
    putchar('=');
    for (const unsigned char *c = (const unsigned char *)text->valuestring; *c; c++)
        printf("%02x", *c);
}

static void one(const cJSON *message)
{
    if (!cJSON_IsObject(message)) {
        putchar('-');
        return;
    }
    const cJSON *params = member(message, "params");
    const cJSON *ref = member(params, "ref");
    field(member(message, "method"));
    putchar(';');
    field(member(params, "name"));
    putchar(';');
    field(member(params, "uri"));
    putchar(';');
    field(member(ref, "type"));
    putchar(';');
    field(member(ref, "name"));
    putchar(';');
    field(member(ref, "uri"));
    putchar(';');
    const cJSON *uris = member(member(params, "notifications"), "resourceSubscriptions");
    const cJSON *uri;
    const char *comma = "";
    cJSON_ArrayForEach(uri, uris)
    {
        fputs(comma, stdout);
        field(uri);
        comma = ",";
    }
}

static void body(const char *text)
{
    /* Like cJSON_Parse, it stops after the first value, whatever follows it. */
    cJSON *document = cJSON_ParseWithOpts(text, NULL, 0);
    if (cJSON_IsArray(document)) {
        const cJSON *message;
        const char *bar = "";
        putchar('[');
        cJSON_ArrayForEach(message, document)
        {
            fputs(bar, stdout);
            one(message);
            bar = "|";
        }
    } else {
        one(document);
    }
    putchar('\n');
    cJSON_Delete(document);
}

int main(int count, char **arguments)
{
    if (count != 2 || (strcmp(arguments[1], "any-case") != 0 && strcmp(arguments[1], "exact") != 0))
        return fprintf(stderr, "any-case or exact\n"), 2;
    any_case = strcmp(arguments[1], "any-case") == 0;
    unsigned char head[4];
    while (fread(head, 1, 4, stdin) == 4) {
        size_t length = head[0] | head[1] << 8 | head[2] << 16 | (size_t)head[3] << 24;
        char *text = malloc(length + 1);
        if (text == NULL || fread(text, 1, length, stdin) != length)
            return fprintf(stderr, "half a record\n"), 1;
        text[length] = '\0';
        body(text);
        free(text);
    }
    return ferror(stdin) || fflush(stdout) != 0;
}
