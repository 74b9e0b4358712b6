#pragma once

#include <cstdio>
#include <string>

#include <unistd.h>

#include <idm/training/callbacks.hpp>

namespace examples {

/// Draws a training's progress on one line of the terminal; in a file or pipe it writes the last epoch alone.
class ProgressBar {
public:
    explicit ProgressBar(std::string label) : label_(std::move(label)), terminal_(isatty(fileno(stderr)) == 1) {}

    bool operator()(const idm::EpochReport& epoch) {
        const bool last = epoch.epoch == epoch.epochs;
        if (!terminal_ && !last) return true;
        constexpr int width = 24;
        const int filled = static_cast<int>(epoch.epoch * width / epoch.epochs);
        const std::string bar = std::string(static_cast<std::size_t>(filled), '#') +
                                std::string(static_cast<std::size_t>(width - filled), '.');
        std::fprintf(stderr, "%s  %-16s [%s] epoch %td/%td  loss %.4f  validation %.4f  %.0fk rows/s  %.0f s left   %s",
                     terminal_ ? "\r" : "", label_.c_str(), bar.c_str(), epoch.epoch, epoch.epochs, epoch.training_loss,
                     epoch.validation_loss, epoch.samples_per_second / 1000, epoch.seconds_left,
                     !terminal_ || last ? "\n" : "");
        std::fflush(stderr);
        return true;
    }

private:
    std::string label_;
    bool terminal_;
};

}  // namespace examples
