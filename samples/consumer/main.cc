// SPDX-License-Identifier: Apache-2.0
// main.c once more, in C++: what is opened is owned, what is refused throws.
#include <iostream>
#include <memory>
#include <multisock/multisock.h>
#include <multisock/sim.h>
#include <stdexcept>
#include <string>

namespace
{

int check(int result)
{
    if (result < 0) {
        throw std::runtime_error(msock_error_detail());
    }
    return result;
}

struct Close {
    void operator()(msock_channel *channel) const
    {
        msock_close(channel, nullptr, nullptr);
    }
    void operator()(msock_sim *network) const
    {
        msock_sim_close(network);
    }
};

using Channel = std::unique_ptr<msock_channel, Close>;
using Network = std::unique_ptr<msock_sim, Close>;

Network open_network(const char *name)
{
    msock_sim *network;

    check(msock_sim_open(&network, name, nullptr));
    return Network(network);
}

Channel open_channel(const char *name)
{
    msock_options options = {};
    msock_channel *channel;

    options.name = name;
    check(msock_open(&channel, "sim://home", &options));
    return Channel(channel);
}

// The library calls it from C: nothing may be thrown out of it.
int on_lights(msock_channel *lamp, const msock_message *message,
              void *user) noexcept
{
    if (std::string(message->data, message->data_size) != "false") {
        return MSOCK_EINVAL;
    }
    ++*static_cast<int *>(user);
    std::cout << msock_name(lamp) << ": lights off, says " << message->sender
              << '\n';
    return 0;
}

int run()
{
    Network home = open_network("home");
    Channel hub = open_channel("hub");
    Channel lamp = open_channel("lamp");
    int heard = 0;

    check(msock_subscribe(lamp.get(), "lights", on_lights, &heard, nullptr));
    check(msock_publish(hub.get(), "lights", "false", nullptr));
    check(msock_sim_run(home.get(), 1000)); // a second passes, at once
    return heard == 1 ? 0 : 1;
}

} // namespace

int main()
{
    try {
        return run();
    } catch (const std::exception &error) {
        std::cerr << "consumer: " << error.what() << '\n';
        return 1;
    }
}
