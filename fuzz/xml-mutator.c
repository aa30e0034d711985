/*
 * xml-mutator.c: change XML so that it stays XML
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Bytes that change at random make XML that no parser takes, so that little
 * of what is behind the parser is reached. Most of the time this takes the
 * tree instead: it drops, repeats and moves elements, renames them, and
 * changes what attributes and texts say.
 */

#include "fuzz.h"

#include <string.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

enum { NODES_MAX = 512, TEXT_MAX = 600 };

/* The elements of a document and its attributes, in the order of the text. */
struct tree {
    xmlDocPtr doc;
    xmlNodePtr elements[NODES_MAX];
    size_t nelements;
    xmlAttrPtr attrs[NODES_MAX];
    size_t nattrs;
};

static uint64_t state;

static size_t
random_number(size_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

static void
collect(struct tree *tree, xmlNodePtr node)
{
    for (; node; node = xmlNextElementSibling(node)) {
        if (tree->nelements < NODES_MAX)
            tree->elements[tree->nelements++] = node;
        for (xmlAttrPtr attr = node->properties; attr; attr = attr->next) {
            if (tree->nattrs < NODES_MAX)
                tree->attrs[tree->nattrs++] = attr;
        }
        collect(tree, xmlFirstElementChild(node));
    }
}

static void
tree_refresh(struct tree *tree)
{
    tree->nelements = tree->nattrs = 0;
    collect(tree, xmlDocGetRootElement(tree->doc));
}

static xmlNodePtr
any_element(const struct tree *tree)
{
    return tree->elements[random_number(tree->nelements)];
}

/* An element that may be dropped or have siblings: not the root. */
static xmlNodePtr
any_child(const struct tree *tree)
{
    if (tree->nelements < 2)
        return NULL;
    return tree->elements[1 + random_number(tree->nelements - 1)];
}

static xmlAttrPtr
any_attr(const struct tree *tree)
{
    return tree->nattrs ? tree->attrs[random_number(tree->nattrs)] : NULL;
}

/* What is not a character of XML becomes one. */
static void
make_printable(char *text)
{
    for (; *text; text++) {
        unsigned char c = *text & 0x7f;

        *text = c < 0x20 && c != '\n' && c != '\t' ? c | 0x20 : c;
    }
}

/* Writes a value other than old, most often one that is close to it. */
static void
new_value(const struct tree *tree, const char *old, char text[TEXT_MAX])
{
    static const char *const telling[] = {
        "", "0", "-1", "4294967295", "18446744073709551615", "0x1", "yes",
        "no", "2101001b32a90002", "0000000000000000", "../../x", " ",
    };
    xmlAttrPtr other = any_attr(tree);
    xmlChar *copied = NULL;

    switch (random_number(4)) {
    case 0:
        old = telling[random_number(sizeof(telling) / sizeof(*telling))];
        break;
    case 1:
        if (other)
            old = (char *) (copied = xmlNodeListGetString(tree->doc,
                                                         other->children, 1));
        break;
    }

    memset(text, 0, TEXT_MAX);
    strncpy(text, old ? old : "", TEXT_MAX / 2);
    xmlFree(copied);

    if (random_number(4) != 0) {
        text[LLVMFuzzerMutate((uint8_t *) text, strlen(text),
                              TEXT_MAX - 1)] = '\0';
        make_printable(text);
    }
}

static void
change_attr(const struct tree *tree)
{
    xmlAttrPtr attr = any_attr(tree);
    char text[TEXT_MAX];
    xmlChar *old;

    if (!attr)
        return;
    old = xmlNodeListGetString(tree->doc, attr->children, 1);
    new_value(tree, (char *) old, text);
    xmlFree(old);
    xmlSetProp(attr->parent, attr->name, (xmlChar *) text);
}

static void
change_text(const struct tree *tree)
{
    xmlNodePtr element = any_element(tree);
    char text[TEXT_MAX];
    xmlChar *old;

    if (xmlFirstElementChild(element))
        return;
    old = xmlNodeGetContent(element);
    new_value(tree, (char *) old, text);
    xmlFree(old);
    xmlNodeSetContent(element, NULL);
    xmlNodeAddContent(element, (xmlChar *) text);
}

static void
add_attr(const struct tree *tree)
{
    xmlAttrPtr attr = any_attr(tree);
    char text[TEXT_MAX];

    if (!attr)
        return;
    new_value(tree, "", text);
    xmlSetProp(any_element(tree), attr->name, (xmlChar *) text);
}

static void
drop_attr(const struct tree *tree)
{
    xmlAttrPtr attr = any_attr(tree);

    if (attr)
        xmlRemoveProp(attr);
}

static void
drop_element(const struct tree *tree)
{
    xmlNodePtr element = any_child(tree);

    if (element) {
        xmlUnlinkNode(element);
        xmlFreeNode(element);
    }
}

static void
rename_element(const struct tree *tree)
{
    xmlNodeSetName(any_element(tree), any_element(tree)->name);
}

/* Puts a copy of an element beside one, or into it. */
static void
place_copy(const struct tree *tree, xmlNodePtr element)
{
    xmlNodePtr place = any_element(tree);
    xmlNodePtr copy = xmlDocCopyNode(element, tree->doc, 1);

    if (place == tree->elements[0] || random_number(2))
        xmlAddChild(place, copy);
    else
        xmlAddNextSibling(place, copy);
}

static void
repeat_element(const struct tree *tree)
{
    xmlNodePtr element = any_child(tree);

    if (element)
        xmlAddNextSibling(element, xmlDocCopyNode(element, tree->doc, 1));
}

static void
copy_element(const struct tree *tree)
{
    place_copy(tree, any_element(tree));
}

static void
change(const struct tree *tree)
{
    static void (*const changes[])(const struct tree *tree) = {
        change_attr, change_attr, change_attr, change_attr,
        change_text, change_text, add_attr, drop_attr, drop_element,
        rename_element, repeat_element, copy_element,
    };

    changes[random_number(sizeof(changes) / sizeof(*changes))](tree);
}

static xmlDocPtr
read_xml(const uint8_t *data, size_t size)
{
    return xmlReadMemory((const char *) data, size, NULL, NULL,
                         XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                         XML_PARSE_NONET);
}

/* Returns the length of what the document is as text, 0 if that is more than
 * max bytes. */
static size_t
write_xml(xmlDocPtr doc, uint8_t *data, size_t max)
{
    xmlBufferPtr buffer = xmlBufferCreate();
    size_t len = 0;

    if (xmlNodeDump(buffer, doc, xmlDocGetRootElement(doc), 0, 0) > 0 &&
        (size_t) xmlBufferLength(buffer) <= max) {
        len = xmlBufferLength(buffer);
        memcpy(data, xmlBufferContent(buffer), len);
    }
    xmlBufferFree(buffer);
    return len;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
                        unsigned int seed)
{
    static struct tree tree;
    size_t len = 0;

    state = seed * 0x9e3779b97f4a7c15u + 1;

    if (random_number(8) == 0 || !(tree.doc = read_xml(data, size)))
        return LLVMFuzzerMutate(data, size, max);

    for (size_t times = 1 + random_number(3); times > 0; times--) {
        tree_refresh(&tree);
        change(&tree);
    }
    len = write_xml(tree.doc, data, max);
    xmlFreeDoc(tree.doc);

    return len ? len : LLVMFuzzerMutate(data, size, max);
}

/* Puts an element of the other input somewhere into this one. */
size_t
LLVMFuzzerCustomCrossOver(const uint8_t *data, size_t size,
                          const uint8_t *other_data, size_t other_size,
                          uint8_t *out, size_t max, unsigned int seed)
{
    static struct tree tree;
    static struct tree other;
    size_t len = 0;

    state = seed * 0x9e3779b97f4a7c15u + 1;
    tree.doc = read_xml(data, size);
    other.doc = read_xml(other_data, other_size);

    if (tree.doc && other.doc) {
        tree_refresh(&tree);
        tree_refresh(&other);
        place_copy(&tree, any_element(&other));
        len = write_xml(tree.doc, out, max);
    }

    xmlFreeDoc(tree.doc);
    xmlFreeDoc(other.doc);
    return len;
}
