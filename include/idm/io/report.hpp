#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/io/atomic_file.hpp>
#include <idm/io/report/files.hpp>
#include <idm/io/report/input.hpp>
#include <idm/io/report/page.hpp>

IDM_NAMESPACE_BEGIN

/// Writes `index.html` (one self-contained page), `metrics.json` and `predictions.csv` into `folder`, which is made if
/// it is not there. All three are built before any is written, so an error leaves an earlier report as it was.
///
/// Pictures are drawn by the external program gnuplot; without it the tables and files come all the same, and both the
/// page and the result's `missing` say how to get it.
/// *Errors*: `DataError` if models are scored on different rows or there are none, `ShapeError` if parts of the input
/// do not fit together, `FileError` if the folder cannot be written; all those of `evaluate_predictions`.
IDM_INLINE ReportFiles write_report(const ReportInput& input, const std::filesystem::path& folder,
                                    const ReportConfig& config = {});

#if !IDM_HAS_COMPILED

IDM_INLINE ReportFiles write_report(const ReportInput& input, const std::filesystem::path& folder,
                                    const ReportConfig& config) {
    const detail::ReportContext context = detail::report_context(input, config);
    detail::PictureMaker pictures(config.gnuplot);
    const std::vector<FileContent> files{{folder / "index.html", detail::report_page(context, pictures)},
                                         {folder / "metrics.json", detail::metrics_json(context)},
                                         {folder / "predictions.csv", detail::predictions_csv(context)}};
    write_files(files);
    return {files[0].path, files[1].path, files[2].path, pictures.missing()};
}

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
