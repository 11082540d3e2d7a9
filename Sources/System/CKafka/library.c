#include "library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "pillion_kafka.h"

struct pillion_kafka_library *pillion_kafka_open(const char *path, char *error, size_t error_size) {
    // Local: what it and its libraries define must not stand in for what is linked into this program.
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *words = dlerror();
        snprintf(error, error_size, "%s", words ? words : "it can't be loaded");
        return NULL;
    }
    struct pillion_kafka_library *library = calloc(1, sizeof *library);
    if (!library) {
        snprintf(error, error_size, "there is no memory");
        dlclose(handle);
        return NULL;
    }
#define KAFKA_LOOK_UP(result, name, arguments)                                                     \
    *(void **)&library->name = dlsym(handle, "rd_kafka_" #name);                                   \
    if (!library->name) {                                                                          \
        snprintf(error, error_size, "%s has no function rd_kafka_" #name, path);                   \
        free(library);                                                                             \
        dlclose(handle);                                                                           \
        return NULL;                                                                               \
    }
    KAFKA_FUNCTIONS(KAFKA_LOOK_UP)
#undef KAFKA_LOOK_UP
    return library;
}

int pillion_kafka_version(const struct pillion_kafka_library *library) {
    return library->version();
}

const char *pillion_kafka_name(const struct pillion_kafka_library *library, int code) {
    return library->err2name(code);
}

const char *pillion_kafka_words(const struct pillion_kafka_library *library, int code) {
    return library->err2str(code);
}

struct pillion_kafka_settings *pillion_kafka_settings_new(
    const struct pillion_kafka_library *library) {
    struct pillion_kafka_settings *settings = calloc(1, sizeof *settings);
    if (!settings) return NULL;
    settings->library = library;
    settings->conf = library->conf_new();
    if (settings->conf) return settings;
    free(settings);
    return NULL;
}

int pillion_kafka_set(struct pillion_kafka_settings *settings, const char *name, const char *value,
                      char *error, size_t error_size) {
    return settings->library->conf_set(settings->conf, name, value, error, error_size)
           == KAFKA_CONF_OK;
}

void pillion_kafka_settings_free(struct pillion_kafka_settings *settings) {
    settings->library->conf_destroy(settings->conf);
    free(settings);
}
