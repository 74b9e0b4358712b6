#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/io/text.hpp>

// What a chart shows, and how gnuplot is told.

IDM_NAMESPACE_BEGIN

/// How a line is drawn; `colour` is `#rrggbb`.
struct Stroke {
    std::string colour = {};
    double width = 1.4;
};

/// A line through points; points that are not finite leave a gap.
struct Curve {
    Stroke stroke = {};
    std::vector<double> x = {}, y = {};
};

/// A name in the legend and the stroke it stands for.
struct LegendEntry {
    std::string name = {};
    Stroke stroke = {};
};

/// One pair of axes. `shaded` are ranges of x with a grey ground; limits of {0, 0} follow the data.
struct Panel {
    std::string title = {}, x_label = {}, y_label = {};
    std::vector<Curve> curves = {};
    std::vector<std::pair<double, double>> shaded = {};
    std::pair<double, double> x_limits{0, 0}, y_limits{0, 0};
    bool logarithmic_y = false;
};

/// Panels row by row under one legend, which stands above them and covers no data. Sizes in CSS pixels.
struct Chart {
    std::string title = {};
    std::vector<LegendEntry> legend = {};
    std::vector<Panel> panels = {};
    Index columns = 1;
    Index width = 1080;
    Index panel_height = 150;
};

namespace detail {

/// Text for gnuplot: in single quotes it substitutes nothing, and '' is a quote.
IDM_INLINE std::string gnuplot_quote(std::string_view text);
IDM_INLINE std::string gnuplot_number(double value);

/// Where the panels stand, in pixels. The gaps hold a title and tic labels, the outer margins the axis labels too.
struct ChartGrid {
    static constexpr Index left = 70, right = 14, top = 58, bottom = 52, gap_x = 58, gap_y = 54;
    Index columns, rows, width, panel_width, panel_height;

    explicit ChartGrid(const Chart& chart)
        : columns(std::min(chart.columns, static_cast<Index>(chart.panels.size()))),
          rows((static_cast<Index>(chart.panels.size()) + columns - 1) / columns),
          width(chart.width),
          panel_width((chart.width - left - right - (columns - 1) * gap_x) / columns),
          panel_height(chart.panel_height) {}

    Index height() const { return top + rows * panel_height + (rows - 1) * gap_y + bottom; }

    /// gnuplot counts from the lower left corner, in parts of the whole.
    std::string across(double x) const { return gnuplot_number(x / static_cast<double>(width)); }
    std::string up(double y) const { return gnuplot_number(1.0 - y / static_cast<double>(height())); }
    double x(Index panel) const { return static_cast<double>(left + (panel % columns) * (panel_width + gap_x)); }
    double y(Index panel) const { return static_cast<double>(top + (panel / columns) * (panel_height + gap_y)); }

    std::string margins(Index panel) const {
        return message("set lmargin at screen ", across(x(panel)), "\nset rmargin at screen ",
                       across(x(panel) + static_cast<double>(panel_width)), "\nset tmargin at screen ", up(y(panel)),
                       "\nset bmargin at screen ", up(y(panel) + static_cast<double>(panel_height)), "\n");
    }

    /// A label of our own at the picture's edge: gnuplot's moves with the width of the tic labels, and is silently left
    /// out where that pushes it over the edge.
    std::string y_label(Index panel, const std::string& text) const {
        return message("set label ", gnuplot_quote(text), " at screen ", across(12), ", screen ",
                       up(y(panel) + static_cast<double>(panel_height) / 2),
                       " center rotate by 90 textcolor rgb '#444444'\n");
    }
};

IDM_INLINE std::string gnuplot_data(const Panel& panel, Index index);

/// The panel's own limits, or what its curves span and 4 % more on either side, of the logarithm where that is drawn.
IDM_INLINE std::pair<double, double> y_limits(const Panel& panel);

/// 1, 2 or 5 times a power of ten, so that four or five steps fill `span`: gnuplot's own choice crowds a low panel.
IDM_INLINE double tic_step(double span);
IDM_INLINE std::string gnuplot_script(const Chart& chart);

#if !IDM_HAS_COMPILED

IDM_INLINE std::string gnuplot_quote(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') out += '\'';
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return out + "'";
}

IDM_INLINE std::string gnuplot_number(double value) {
    std::string out;
    append_rounded(out, value, 6);
    return out;
}

IDM_INLINE std::string gnuplot_data(const Panel& panel, Index index) {
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

IDM_INLINE std::pair<double, double> y_limits(const Panel& panel) {
    if (panel.y_limits.first != panel.y_limits.second) return panel.y_limits;
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const Curve& curve : panel.curves) {
        for (const double y : curve.y) {
            if (!std::isfinite(y) || (panel.logarithmic_y && y <= 0)) continue;
            low = std::min(low, y);
            high = std::max(high, y);
        }
    }
    if (!(low < high)) return {0, 0};
    if (panel.logarithmic_y) {
        const double factor = std::pow(high / low, 0.04);
        return {low / factor, high * factor};
    }
    const double margin = 0.04 * (high - low);
    return {low - margin, high + margin};
}

IDM_INLINE double tic_step(double span) {
    const double power = std::pow(10.0, std::floor(std::log10(span / 5.5)));
    for (const double factor : {1.0, 2.0, 5.0})
        if (factor * power >= span / 5.5) return factor * power;
    return 10 * power;
}

inline std::string gnuplot_y_axis(const Panel& panel) {
    const std::pair<double, double> limits = y_limits(panel);
    const std::string range = gnuplot_range("y", limits);
    if (!panel.logarithmic_y) {
        if (limits.first == limits.second) return range + "unset logscale y\nset ytics autofreq\n";
        return range +
               message("unset logscale y\nset ytics ", gnuplot_number(tic_step(limits.second - limits.first)), "\n");
    }
    // Steps 1, 2, 5: decades alone leave a short axis with one label or none.
    return range +
           "set logscale y\nset ytics (1e-6,1e-5,1e-4,2e-4,5e-4,1e-3,2e-3,5e-3,0.01,0.02,0.05,0.1,0.2,0.5,1,2,5,"
           "10,100,1e3,1e4,1e5,1e6)\n";
}

inline std::string gnuplot_panel(const Chart& chart, const ChartGrid& grid, Index index) {
    const Panel& panel = chart.panels[static_cast<std::size_t>(index)];
    const bool is_lowest = index + grid.columns >= static_cast<Index>(chart.panels.size());
    std::string out = grid.margins(index);
    out += message("set title ", gnuplot_quote(panel.title), "\nset xlabel ",
                   gnuplot_quote(is_lowest ? panel.x_label : ""), "\n");
    if (index % grid.columns == 0) out += grid.y_label(index, panel.y_label);
    out += gnuplot_range("x", panel.x_limits) + gnuplot_y_axis(panel);
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
    return out + "\nunset arrow\nunset label\n";
}

/// The legend as lines and labels of our own: gnuplot's would be as narrow as the first panel. A character is taken for
/// 6.6 pixels wide.
inline std::string gnuplot_legend(const Chart& chart, const ChartGrid& grid) {
    constexpr double line = 26, gap = 8, space = 30, character = 6.6;
    const auto width = [&](const LegendEntry& entry) {
        return line + gap + character * static_cast<double>(entry.name.size());
    };
    double total = -space;
    for (const LegendEntry& entry : chart.legend) total += width(entry) + space;
    double x = (static_cast<double>(grid.width) - total) / 2;
    const auto place = [&](double at) { return message("screen ", grid.across(at), ", screen ", grid.up(14)); };
    std::string out;
    for (const LegendEntry& entry : chart.legend) {
        out +=
            message("set arrow from ", place(x), " to ", place(x + line), " nohead lw ",
                    gnuplot_number(entry.stroke.width), " lc rgb ", gnuplot_quote(entry.stroke.colour), "\nset label ",
                    gnuplot_quote(entry.name), " at ", place(x + line + gap), " left textcolor rgb '#222222'\n");
        x += width(entry) + space;
    }
    return out;
}

IDM_INLINE std::string gnuplot_script(const Chart& chart) {
    const ChartGrid grid(chart);
    std::string out = message("set encoding utf8\nset terminal svg size ", grid.width, ",", grid.height(),
                              " dynamic noenhanced font 'Helvetica,12' background '#ffffff'\n");
    for (std::size_t i = 0; i < chart.panels.size(); ++i) out += gnuplot_data(chart.panels[i], static_cast<Index>(i));
    out +=
        "set border 3 lc rgb '#8a8a8a' lw 0.8\nset grid lc rgb '#e4e4e2' lw 0.7 lt 1\n"
        "set tics nomirror out scale 0.5 textcolor rgb '#444444'\nset title offset 0,-0.6 textcolor rgb '#222222'\n"
        "set xtics offset 0,0.3\nset xlabel offset 0,0.5 textcolor rgb '#444444'\n";
    out += gnuplot_legend(chart, grid) + "unset key\nset multiplot\n";
    for (Index i = 0; i < static_cast<Index>(chart.panels.size()); ++i) out += gnuplot_panel(chart, grid, i);
    return out + "unset multiplot\n";
}

#endif  // !IDM_HAS_COMPILED

}  // namespace detail

IDM_NAMESPACE_END
