/* SPDX-License-Identifier: Apache-2.0 */
/* msock_open and msock_check: the one place that names concrete transports and
 * stages, and puts a channel together. */
#include <multisock/multisock.h>

#include "codec/error.h"
#include "codec/hash.h"
#include "codec/identity.h"
#include "codec/keyring.h"
#include "codec/ring.h"
#include "codec/seal.h"
#include "codec/sign.h"
#include "core/engine.h"
#include "core/options.h"
#include "transport/loop.h"
#include "transport/multicast.h"
#include "transport/sim.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/** What open needs besides the configuration. */
struct plan {
    struct msock__config config;
    uv_loop_t *loop;
    msock_logger *logger;
    uint8_t group[MSOCK__GROUP_SIZE]; /* as the seal wants it */
    struct msock__pipeline pipeline;
    char key_path[2 * MSOCK__PATH_MAX + 2]; /* absolute; "": none */
};

/* Names a node after its host: printable ASCII, and not too long. */
static int name_after_host(char name[static MSOCK_NAME_MAX + 1])
{
    char host[256] = "";

    if (gethostname(host, sizeof host - 1) < 0) {
        return msock__fail(MSOCK_ESYSTEM, "host name: %s; set .name",
                           strerror(errno));
    }
    if (host[0] == '\0') {
        return msock__fail(MSOCK_ENAME, "the host has no name: set .name");
    }
    memset(name, 0, MSOCK_NAME_MAX + 1);
    for (size_t i = 0; i < MSOCK_NAME_MAX && host[i] != '\0'; i++) {
        name[i] = host[i] > ' ' && host[i] <= '~' ? host[i] : '-';
    }
    return 0;
}

/* Writes where a path leads when the program has changed its directory, too. */
static int make_absolute(const char *path, char *out, size_t capacity)
{
    size_t size = 0;

    if (path[0] != '/' && path[0] != '\0') {
        if (getcwd(out, capacity) == NULL) {
            return msock__fail(MSOCK_ESYSTEM,
                               "the directory of this program: %s; name %s by "
                               "an absolute path",
                               strerror(errno), path);
        }
        size = strlen(out);
        out[size++] = '/';
    }
    if (size + strlen(path) >= capacity) {
        return msock__fail(MSOCK_EOPTION, "%s: the path is too long", path);
    }
    strcpy(out + size, path);
    return 0;
}

static int find_files(struct plan *plan)
{
    char trust[sizeof plan->config.trust_file];
    int rc = make_absolute(plan->config.key_file, plan->key_path,
                           sizeof plan->key_path);

    if (rc == 0) {
        rc = make_absolute(plan->config.trust_file, trust, sizeof trust - 1);
    }
    if (rc == 0) {
        strcpy(plan->config.trust_file, trust);
    }
    return rc;
}

/* Adds the stage that signs, or only takes signatures off. */
static int add_sign(struct plan *plan)
{
    const struct msock__config *config = &plan->config;
    struct msock__identity *identity = NULL;
    struct msock__stage stage;
    int rc = 0;

    if (config->id_file[0] != '\0') {
        rc = msock__identity_load(&identity, config->id_file);
    }
    if (config->sign == MSOCK__SIGN_NEVER) {
        msock__identity_free(identity);
        identity = NULL;
    }
    if (rc == 0) {
        rc = msock__sign_stage(&stage, identity, plan->group, config->port);
    }
    if (rc < 0) {
        msock__identity_free(identity);
        return rc;
    }
    msock__pipeline_add(&plan->pipeline, &stage);
    return 0;
}

/* Makes the seal of a ring, which stays the caller's on failure. */
static int make_seal(struct msock__stage *stage, const struct plan *plan,
                     struct msock__keyring *ring)
{
    struct msock__keysource source;
    int rc = msock__ring_source(&source, plan->key_path);

    if (rc < 0) {
        return rc;
    }
    rc =
        msock__seal_stage(stage, ring, plan->group, plan->config.port, &source);
    if (rc < 0) {
        source.free(source.self);
    }
    return rc;
}

/* Adds the stages of a sealed channel, if there is a key. */
static int add_seal(struct plan *plan)
{
    struct msock__keyring *ring;
    struct msock__stage stage;

    if (plan->config.key_file[0] == '\0') {
        return 0;
    }
    int rc = add_sign(plan);
    if (rc == 0) {
        rc = msock__keyring_new(&ring);
    }
    if (rc < 0) {
        return rc;
    }
    rc = msock__keyring_load(ring, plan->config.key_file);
    if (rc == 0) {
        rc = make_seal(&stage, plan, ring);
    }
    if (rc < 0) {
        msock__keyring_free(ring);
        return rc;
    }
    msock__pipeline_add(&plan->pipeline, &stage);
    return 0;
}

/* Makes the channel on a driver and starts it. */
static int start(msock_channel **channel, struct plan *plan,
                 struct msock__driver *driver, size_t frame_size)
{
    msock_channel *made;
    int rc = msock__channel_new(&made, driver, &plan->config, &plan->pipeline,
                                frame_size, plan->logger);

    if (rc < 0) {
        return rc;
    }
    rc = msock__loop_start(driver, made);
    if (rc < 0) {
        msock__channel_free(made);
        return rc;
    }
    *channel = made;
    return 0;
}

/* Opens on a transport, which is the callee's. */
static int open_on(msock_channel **channel, struct plan *plan,
                   struct msock__transport *transport)
{
    struct msock__driver *driver;
    int rc = add_seal(plan);

    if (rc == 0) {
        rc = msock__loop_new(&driver, plan->loop, transport);
    }
    if (rc < 0) {
        transport->ops->close(transport);
        return rc;
    }
    const char *watched[] = {plan->key_path, plan->config.trust_file};
    size_t files = (plan->key_path[0] != '\0') +
                   (size_t)(plan->config.trust_file[0] != '\0');
    msock__loop_watch(driver, watched, files, plan->logger);
    rc = start(channel, plan, driver, transport->ops->frame_size(transport));
    if (rc < 0) {
        msock__loop_free(driver);
    }
    return rc;
}

static int open_udp(msock_channel **channel, struct plan *plan)
{
    struct msock__transport *transport;
    int rc = msock__multicast_new(&transport, &plan->config, plan->logger,
                                  plan->group);

    return rc < 0 ? rc : open_on(channel, plan, transport);
}

static int open_virtual(msock_channel **channel, struct plan *plan)
{
    if (plan->loop != NULL) {
        return msock__fail(MSOCK_ENOTSUP,
                           "the network '%s' runs in virtual time, which no uv "
                           "loop follows: leave .loop out",
                           plan->config.host);
    }
    int rc = add_seal(plan);
    return rc < 0 ? rc
                  : msock__sim_open_virtual(channel, &plan->config,
                                            &plan->pipeline, plan->logger);
}

static int open_sim(msock_channel **channel, struct plan *plan)
{
    struct msock__transport *transport;

    msock__hash_name(plan->config.host, plan->group);
    if (msock__sim_is_virtual(plan->config.host)) {
        return open_virtual(channel, plan);
    }
    int rc = msock__sim_new(&transport, &plan->config);
    return rc < 0 ? rc : open_on(channel, plan, transport);
}

/* Reads address and options into an empty plan. */
static int plan_read(struct plan *plan, const char *url,
                     const msock_options *options)
{
    int rc = msock__crypto_init();

    if (rc == 0) {
        rc = msock__options_read(&plan->config, url, options);
    }
    if (rc == 0 && plan->config.name[0] == '\0') {
        rc = name_after_host(plan->config.name);
    }
    if (rc == 0) {
        rc = find_files(plan);
    }
    if (options != NULL) {
        plan->loop = options->loop;
        plan->logger = options->logger;
    }
    return rc;
}

int msock_check(const char *url, const msock_options *options)
{
    struct plan plan = {0};
    struct msock__transport *transport = NULL;
    int rc = plan_read(&plan, url, options);

    if (rc == 0 && plan.config.scheme == MSOCK__SIM) {
        msock__hash_name(plan.config.host, plan.group);
    } else if (rc == 0) {
        rc = msock__multicast_new(&transport, &plan.config, NULL, plan.group);
    }
    if (rc == 0) {
        rc = add_seal(&plan);
    }
    if (rc == 0) {
        rc = msock__engine_trust_check(&plan.config, &plan.pipeline);
    }
    if (transport != NULL) {
        transport->ops->close(transport);
    }
    msock__pipeline_fini(&plan.pipeline);
    return rc;
}

int msock_open(msock_channel **channel, const char *url,
               const msock_options *options)
{
    struct plan plan = {0};

    if (channel == NULL) {
        return msock__fail(MSOCK_EINVAL, "where to put the channel?");
    }
    int rc = plan_read(&plan, url, options);
    if (rc == 0) {
        rc = plan.config.scheme == MSOCK__SIM ? open_sim(channel, &plan)
                                              : open_udp(channel, &plan);
    }
    /* Empty on success: the channel has the stages. */
    msock__pipeline_fini(&plan.pipeline);
    return rc;
}
