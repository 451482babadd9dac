/* SPDX-License-Identifier: Apache-2.0 */
/* tally: counts the messages of each sender in C++, tells on `tally/told` when
 * somebody asks on `tally`, and hands its counts over at a reload. Exceptions
 * end at the border: the host is C. */
#include <multisock/plugin.h>

#include <map>
#include <memory>
#include <new>
#include <string>

namespace {

class Tally {
public:
    explicit Tally(const msock_services &services) : services_(services)
    {
        restore();
    }

    int subscribe()
    {
        const int id = services_.subscribe(
            services_.host, filter().c_str(), &Tally::on_message, this, nullptr);
        return id < 0 ? id
                      : services_.subscribe(services_.host, "tally",
                                            &Tally::on_ask, this, nullptr);
    }

    std::string json() const
    {
        std::string text = "{";
        for (const auto &[sender, count] : counts_) {
            text += text.size() > 1 ? "," : "";
            text += quote(sender) + ":" + std::to_string(count);
        }
        return text + "}";
    }

    void keep() const
    {
        services_.keep(services_.host, json().c_str());
    }

private:
    static int on_message(const msock_message *message, void *user) noexcept
    try {
        static_cast<Tally *>(user)->counts_[message->sender]++;
        return 0;
    } catch (const std::bad_alloc &) {
        return MSOCK_ENOMEM;
    }

    static int on_ask(const msock_message *, void *user) noexcept
    try {
        const Tally &tally = *static_cast<Tally *>(user);
        return tally.services_.publish(tally.services_.host, "tally/told",
                                       tally.json().c_str(), nullptr);
    } catch (const std::bad_alloc &) {
        return MSOCK_ENOMEM;
    }

    std::string text(const char *json, int size) const
    {
        std::string out(static_cast<std::size_t>(size) + 1, '\0');
        const int used = services_.json_text(
            json, static_cast<std::size_t>(size), &out[0], out.size());
        out.resize(used < 0 ? 0 : static_cast<std::size_t>(used));
        return out;
    }

    std::string quote(const std::string &plain) const
    {
        std::string out(6 * plain.size() + 3, '\0');
        const int used = services_.json_quote(plain.c_str(), plain.size(),
                                              &out[0], out.size());
        out.resize(used < 0 ? 0 : static_cast<std::size_t>(used));
        return out;
    }

    std::string filter() const
    {
        const std::string config = services_.config;
        const char *value = nullptr;
        const int size = services_.json_get(config.c_str(), config.size(),
                                            "filter", &value);
        return size < 0 ? "#" : text(value, size);
    }

    void restore()
    {
        const std::string kept = services_.kept ? services_.kept : "{}";
        const char *key = nullptr;
        const char *value = nullptr;
        std::size_t key_size = 0;
        std::size_t cursor = 0;
        int size = 0;
        while ((size = services_.json_member(kept.c_str(), kept.size(),
                                             &cursor, &key, &key_size,
                                             &value)) >= 0) {
            counts_[text(key, static_cast<int>(key_size))] =
                std::stoul(std::string(value, static_cast<std::size_t>(size)));
        }
    }

    const msock_services &services_;
    std::map<std::string, unsigned long> counts_;
};

int start(const msock_services *services, void **state) noexcept
try {
    auto tally = std::make_unique<Tally>(*services);
    const int result = tally->subscribe();
    if (result < 0) {
        return result;
    }
    *state = tally.release();
    return 0;
} catch (const std::exception &error) {
    services->log(services->host, MSOCK_ERROR, error.what());
    return MSOCK_EPLUGIN;
}

void stop(void *state) noexcept
{
    const std::unique_ptr<Tally> tally(static_cast<Tally *>(state));
    try {
        tally->keep();
    } catch (const std::bad_alloc &) {
        /* then the next one begins at zero */
    }
}

const msock_config_key keys[] = {
    {"filter", MSOCK_CONFIG_TEXT, false, "what is counted [all]", 0, 0,
     nullptr},
    {nullptr, 0, false, nullptr, 0, 0, nullptr}};

} // namespace

const msock_plugin_descriptor msock_plugin = {
    MSOCK_PLUGIN_ABI, sizeof(msock_plugin_descriptor),
    "tally",          "counts the messages of each sender",
    start,            stop,
    keys,
    nullptr};
