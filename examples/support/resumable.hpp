#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <idm/io/checkpoint.hpp>

namespace examples {

/// Thrown where Ctrl-C has ended a training, whose state is saved.
struct Interrupted {
    std::filesystem::path folder;
};

/// The trainings of one run, each with a checkpoint in `folder`, which is the run's own, until `finish` removes it.
/// Ctrl-C lets a training finish the step it is in and save its state.
class Resumable {
public:
    /// *Errors*: `ConfigError` when there is nothing to resume.
    Resumable(std::filesystem::path folder, bool resume) : folder_(std::move(folder)), resume_(resume) {
        idm::detail::require<idm::ConfigError>(!resume || std::filesystem::is_directory(folder_),
                                               "--resume: no interrupted run in '", folder_.string(),
                                               "'; give the --out of that run, or leave --resume out");
        if (!resume) std::filesystem::remove_all(folder_);
    }

    /// *Errors*: those of `train_with_checkpoints`; `Interrupted`.
    template <class M, class Progress>
    idm::History train(M& model, const idm::Dataset<typename M::Scalar>& data, const idm::TrainerConfig& config,
                       Progress progress, const std::string& name) {
        std::filesystem::create_directories(folder_);
        idm::StopFlag stop;
        const idm::StopOnSignal on_ctrl_c(stop);
        idm::History history = idm::train_with_checkpoints(
            model, data, config, {.path = folder_ / (name + ".safetensors"), .every_epochs = 10, .resume = resume_},
            {.on_epoch = std::move(progress), .stop = &stop});
        if (history.stopped) throw Interrupted{folder_};
        return history;
    }

    /// All is done: the checkpoints serve no more.
    void finish() const { std::filesystem::remove_all(folder_); }

private:
    std::filesystem::path folder_;
    bool resume_;
};

/// The command line once more, as a shell takes it, with --resume at its end.
inline std::string resume_command(int argc, char** argv) {
    std::string text;
    bool resumes = false;
    for (int i = 0; i < argc; ++i) {
        const std::string_view argument = argv[i];
        resumes = resumes || argument == "--resume";
        constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./,=:@%+";
        std::string quoted = argument.empty() || argument.find_first_not_of(plain) != std::string_view::npos
                                 ? idm::detail::shell_quote(std::string(argument))
                                 : std::string(argument);
        text += (i == 0 ? "" : " ") + quoted;
    }
    return resumes ? text : text + " --resume";
}

}  // namespace examples
