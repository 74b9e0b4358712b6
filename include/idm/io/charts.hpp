#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/io/atomic_file.hpp>
#include <idm/io/chart_script.hpp>
#include <idm/io/text.hpp>

IDM_NAMESPACE_BEGIN

/// An `<svg>` element to stand inside HTML, or why there is none.
struct Picture {
    std::string svg;
    std::string failure;
};

namespace detail {

/// A folder of its own under the system's temporary one, removed with all it holds.
class TemporaryFolder {
public:
    TemporaryFolder() : path_(std::filesystem::temp_directory_path() / ("idm" + unique_suffix())) {
        std::filesystem::create_directory(path_);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

IDM_INLINE std::string shell_quote(const std::string& text);
IDM_INLINE std::string read_text(const std::filesystem::path& path);

}  // namespace detail

/// Draws `chart` with the external program `gnuplot` (5.0 or newer, found by name or path).
///
/// *Errors*: none for a program that is missing or fails: the result then has no `svg` but says why. `ConfigError` for
/// a chart without panels.
IDM_INLINE Picture draw_chart(const Chart& chart, const std::string& gnuplot = "gnuplot");

#if !IDM_HAS_COMPILED

namespace detail {

/// From gnuplot's file to an element that shares a page with others: no XML prologue, no `<defs>` (point symbols, which
/// lines do not use, under ids that every picture repeats), no titles (browsers show them as tooltips).
inline std::string inline_svg(const std::string& file, const std::string& title) {
    const auto begin = file.find("<svg"), end = file.rfind("</svg>");
    if (begin == std::string::npos || end == std::string::npos) return {};
    std::string svg = file.substr(begin, end + 6 - begin);
    const auto cut_all = [&](std::string_view from, std::string_view to) {
        for (auto first = svg.find(from); first != std::string::npos; first = svg.find(from, first)) {
            const auto last = svg.find(to, first + from.size());
            if (last == std::string::npos) return;
            svg.erase(first, last + to.size() - first);
        }
    };
    cut_all("<defs>", "</defs>");
    cut_all("<title>", "</title>");
    cut_all("<desc>", "</desc>");
    cut_all(" id=\"gnuplot_", "\"");
    return svg.insert(4, " role=\"img\" aria-label=\"" + escape_html(title) + "\"");
}

IDM_INLINE std::string shell_quote(const std::string& text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

IDM_INLINE std::string read_text(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace detail

IDM_INLINE Picture draw_chart(const Chart& chart, const std::string& gnuplot) {
    detail::require<ConfigError>(!chart.panels.empty() && chart.columns > 0,
                                 "expected a chart with at least one panel and one column");
    const detail::TemporaryFolder folder;
    const auto script = folder.path() / "chart.gp", svg = folder.path() / "chart.svg", log = folder.path() / "log";
    const FileContent content{script, detail::gnuplot_script(chart)};
    write_files({&content, 1});
    const std::string command = detail::shell_quote(gnuplot) + " --default-settings " +
                                detail::shell_quote(script.string()) + " > " + detail::shell_quote(svg.string()) +
                                " 2> " + detail::shell_quote(log.string());
    Picture out;
    const int status = std::system(command.c_str());
    if (status == 0) out.svg = detail::inline_svg(detail::read_text(svg), chart.title);
    if (out.svg.empty()) {
        std::string reason = detail::read_text(log);
        while (reason.ends_with('\n')) reason.pop_back();
        out.failure = "gnuplot drew nothing (" + (reason.empty() ? "it gave no reason" : reason) + ")";
    }
    return out;
}

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
