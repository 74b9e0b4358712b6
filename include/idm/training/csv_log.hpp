#pragma once

#include <filesystem>
#include <fstream>
#include <limits>
#include <locale>
#include <memory>
#include <utility>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/training/callbacks.hpp>

IDM_NAMESPACE_BEGIN

/// A callback that writes a line for each epoch to a CSV file, at once, so that it can be followed; then it calls
/// `next`, whose answer it returns. A file that was there is replaced. Numbers read back as the same double.
///
/// *Errors*: `FileError` when the file cannot be written.
IDM_INLINE EpochCallback csv_log(const std::filesystem::path& path, EpochCallback next = {});

#if !IDM_HAS_COMPILED

IDM_INLINE EpochCallback csv_log(const std::filesystem::path& path, EpochCallback next) {
    // A callback can be copied and a stream cannot.
    const auto out = std::make_shared<std::ofstream>(path);
    out->imbue(std::locale::classic());
    out->precision(std::numeric_limits<double>::max_digits10);
    const auto require_written = [out, path] {
        out->flush();
        detail::require<FileError>(out->good(), "cannot write the training log ", path.string(),
                                   "; check that its folder is there, its rights and free space");
    };
    *out << "epoch,training_loss,validation_loss,learning_rate,samples_per_second,best\n";
    require_written();
    return [out, require_written, next = std::move(next)](const EpochReport& report) {
        *out << report.epoch << ',' << report.training_loss << ',' << report.validation_loss << ','
             << report.learning_rate << ',' << report.samples_per_second << ',' << (report.best ? 1 : 0) << '\n';
        require_written();
        return !next || next(report);
    };
}

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
