#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/io/atomic_file.hpp>
#include <idm/io/text.hpp>

IDM_NAMESPACE_BEGIN

/// How a line is drawn; `colour` is `#rrggbb`.
struct Stroke {
    std::string colour;
    double width = 1.4;
};

/// A line through points; points that are not finite leave a gap.
struct Curve {
    Stroke stroke;
    std::vector<double> x, y;
};

struct LegendEntry {
    std::string name;
    Stroke stroke;
};

/// One pair of axes. `shaded` are ranges of x with a grey ground; limits of {0, 0} follow the data.
struct Panel {
    std::string title, x_label, y_label;
    std::vector<Curve> curves;
    std::vector<std::pair<double, double>> shaded;
    std::pair<double, double> x_limits{0, 0}, y_limits{0, 0};
    bool logarithmic_y = false;
};

/// Panels row by row under one legend, which stands above them and covers no data. Sizes in CSS pixels.
struct Chart {
    std::string title;
    std::vector<LegendEntry> legend;
    std::vector<Panel> panels;
    Index columns = 1;
    Index width = 1080;
    Index panel_height = 150;
};

/// An `<svg>` element to stand inside HTML, or why there is none.
struct Picture {
    std::string svg;
    std::string failure;
};

namespace detail {

/// Text for gnuplot: in single quotes it substitutes nothing, and '' is a quote.
inline std::string gnuplot_quote(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') out += '\'';
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return out + "'";
}

inline std::string gnuplot_number(double value) {
    std::string out;
    append_rounded(out, value, 6);
    return out;
}

/// Where the panels stand, in pixels. The gaps hold a title and tic labels, the outer margins the axis labels too.
struct ChartGrid {
    static constexpr Index left = 64, right = 14, top = 54, bottom = 48, gap_x = 58, gap_y = 52;
    Index columns, rows, width, panel_width, panel_height;

    explicit ChartGrid(const Chart& chart)
        : columns(std::min(chart.columns, static_cast<Index>(chart.panels.size()))),
          rows((static_cast<Index>(chart.panels.size()) + columns - 1) / columns),
          width(chart.width),
          panel_width((chart.width - left - right - (columns - 1) * gap_x) / columns),
          panel_height(chart.panel_height) {}

    Index height() const { return top + rows * panel_height + (rows - 1) * gap_y + bottom; }

    /// gnuplot counts from the lower left corner, in parts of the whole.
    std::string margins(Index panel) const {
        const Index x = left + (panel % columns) * (panel_width + gap_x);
        const Index y = top + (panel / columns) * (panel_height + gap_y);
        const auto across = [&](Index value) {
            return gnuplot_number(static_cast<double>(value) / static_cast<double>(width));
        };
        const auto up = [&](Index value) {
            return gnuplot_number(1.0 - static_cast<double>(value) / static_cast<double>(height()));
        };
        return message("set lmargin at screen ", across(x), "\nset rmargin at screen ", across(x + panel_width),
                       "\nset tmargin at screen ", up(y), "\nset bmargin at screen ", up(y + panel_height), "\n");
    }
};

inline std::string gnuplot_data(const Panel& panel, Index index) {
    std::string out;
    for (std::size_t i = 0; i < panel.curves.size(); ++i) {
        const Curve& curve = panel.curves[i];
        out += message("$d", index, "_", i, " << END\n");
        for (std::size_t point = 0; point < curve.x.size(); ++point) {
            if (std::isfinite(curve.y[point]) && (!panel.logarithmic_y || curve.y[point] > 0))
                out += gnuplot_number(curve.x[point]) + ' ' + gnuplot_number(curve.y[point]);
            out += '\n';
        }
        // A block of gnuplot's must not be empty.
        out += "NaN NaN\nEND\n";
    }
    return out;
}

inline std::string gnuplot_range(const char* axis, std::pair<double, double> limits) {
    if (limits.first == limits.second) return message("set ", axis, "range [*:*]\n");
    return message("set ", axis, "range [", gnuplot_number(limits.first), ":", gnuplot_number(limits.second), "]\n");
}

/// Steps 1, 2, 5: a decade alone leaves a short axis with one label or none.
inline const char* gnuplot_logarithmic_tics() {
    return "set logscale y\nset ytics (1e-6,1e-5,1e-4,2e-4,5e-4,1e-3,2e-3,5e-3,0.01,0.02,0.05,0.1,0.2,0.5,1,2,5,"
           "10,100,1e3,1e4,1e5,1e6)\n";
}

inline std::string gnuplot_panel(const Chart& chart, const ChartGrid& grid, Index index) {
    const Panel& panel = chart.panels[static_cast<std::size_t>(index)];
    const bool is_lowest = index + grid.columns >= static_cast<Index>(chart.panels.size());
    std::string out = grid.margins(index);
    out += message("set title ", gnuplot_quote(panel.title), "\nset xlabel ",
                   gnuplot_quote(is_lowest ? panel.x_label : ""), "\nset ylabel ",
                   gnuplot_quote(index % grid.columns == 0 ? panel.y_label : ""), "\n");
    out += gnuplot_range("x", panel.x_limits) + gnuplot_range("y", panel.y_limits);
    out += panel.logarithmic_y ? gnuplot_logarithmic_tics() : "unset logscale y\nset ytics autofreq\n";
    out += "unset object\n";
    for (const auto& [from, to] : panel.shaded)
        out += message("set object rectangle from ", gnuplot_number(from), ", graph 0 to ", gnuplot_number(to),
                       ", graph 1 behind fillcolor rgb '#f1f1ef' fillstyle solid noborder\n");
    out += "plot ";
    const auto line = [](const Stroke& stroke) {
        return message(" with lines lw ", gnuplot_number(stroke.width), " lc rgb ", gnuplot_quote(stroke.colour));
    };
    for (std::size_t i = 0; i < panel.curves.size(); ++i)
        out += message(i ? ", " : "", "$d", index, "_", i, " using 1:2", line(panel.curves[i].stroke), " notitle");
    // The legend belongs to the chart: lines without points in the first panel.
    if (index == 0)
        for (const LegendEntry& entry : chart.legend)
            out += message(", NaN", line(entry.stroke), " title ", gnuplot_quote(entry.name));
    return out + (index == 0 ? "\nunset key\n" : "\n");
}

inline std::string gnuplot_script(const Chart& chart) {
    const ChartGrid grid(chart);
    std::string out = message("set encoding utf8\nset terminal svg size ", grid.width, ",", grid.height(),
                              " dynamic noenhanced font 'Helvetica,12' background '#ffffff'\n");
    for (std::size_t i = 0; i < chart.panels.size(); ++i) out += gnuplot_data(chart.panels[i], static_cast<Index>(i));
    out +=
        "set border 3 lc rgb '#8a8a8a' lw 0.8\nset grid lc rgb '#e4e4e2' lw 0.7 lt 1\n"
        "set tics nomirror out scale 0.5 textcolor rgb '#444444'\nset title offset 0,-0.6 textcolor rgb '#222222'\n"
        "set xlabel offset 0,0.3 textcolor rgb '#444444'\nset ylabel offset 0.6,0 textcolor rgb '#444444'\n";
    out += message("set key at screen 0.5, screen ", gnuplot_number(1.0 - 8.0 / static_cast<double>(grid.height())),
                   " center top horizontal samplen 2.2 spacing 1 width 2 textcolor rgb '#222222'\nset multiplot\n");
    for (Index i = 0; i < static_cast<Index>(chart.panels.size()); ++i) out += gnuplot_panel(chart, grid, i);
    return out + "unset multiplot\n";
}

/// From gnuplot's file to an element that shares a page with others: no XML prologue, no `<defs>` (point symbols, which
/// lines do not use, under ids that every picture repeats), no name of the program as a tooltip.
inline std::string inline_svg(const std::string& file, const std::string& title) {
    const auto begin = file.find("<svg"), end = file.rfind("</svg>");
    if (begin == std::string::npos || end == std::string::npos) return {};
    std::string svg = file.substr(begin, end + 6 - begin);
    const auto cut = [&](std::string_view from, std::string_view to, const std::string& replacement) {
        const auto first = svg.find(from);
        const auto last = svg.find(to, first);
        if (first != std::string::npos && last != std::string::npos)
            svg.replace(first, last + to.size() - first, replacement);
    };
    cut("<defs>", "</defs>", "");
    cut("<title>", "</desc>", "");
    cut("<svg", ">", svg.substr(0, svg.find('>')) + " role=\"img\" aria-label=\"" + escape_html(title) + "\">");
    for (const std::string_view id : {" id=\"gnuplot_canvas\"", " id=\"gnuplot_plot_"})
        for (auto place = svg.find(id); place != std::string::npos; place = svg.find(id, place))
            svg.erase(place, svg.find('"', svg.find('"', place) + 1) + 1 - place);
    return svg;
}

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

inline std::string shell_quote(const std::string& text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

inline std::string read_text(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace detail

/// Draws `chart` with the external program `gnuplot` (5.0 or newer, found by name or path).
///
/// *Errors*: none for a program that is missing or fails: the result then has no `svg` but says why. `ConfigError` for
/// a chart without panels.
inline Picture draw_chart(const Chart& chart, const std::string& gnuplot = "gnuplot") {
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
    if (out.svg.empty()) out.failure = "gnuplot drew nothing: " + detail::read_text(log);
    return out;
}

IDM_NAMESPACE_END
