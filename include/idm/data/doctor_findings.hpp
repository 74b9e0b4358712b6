#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/tensor.hpp>

// What the log doctor says.

IDM_NAMESPACE_BEGIN

/// note: worth knowing. warning: a model learns from the log about as well, but what it learns may not be what is
/// wanted. fault: not fit to train on; a model will be worse by a tenth of its error or more, or its test will not
/// tell.
enum class Severity { note, warning, fault };

/// `kind` is a short fixed name ("jitter", "stuck"), `where` the column or trajectories, `text` what was found and what
/// to do.
struct Finding {
    Severity severity = Severity::note;
    std::string kind;
    std::string where;
    std::string text;
};

/// Where one joint has been. *Units*: rad, rad/s.
struct Coverage {
    std::string joint;
    double q_low = 0, q_high = 0;
    double qd_low = 0, qd_high = 0;
    double cells = 0;  ///< share of the 8 x 8 cells between these limits that hold rows
};

/// Rows [begin, end) of one column in one trajectory of the log that a finding is about.
struct Mark {
    Index column = 0, trajectory = 0, begin = 0, end = 0;
};

/// What `diagnose` found in a log.
struct Diagnosis {
    std::vector<std::string> facts;
    std::vector<Coverage> coverage;
    std::vector<Finding> findings;
    /// Stuck and clipped rows.
    std::vector<Mark> marks;
    /// Share of each torque's variance that the motion leaves unexplained, by how many rows the torque is taken later.
    /// *Shapes*: [joints, 2 k + 1], lags from -k to k; empty where torques were not looked at.
    Matrix<double> unexplained;

    bool fit() const {
        return std::none_of(findings.begin(), findings.end(),
                            [](const Finding& f) { return f.severity == Severity::fault; });
    }
    bool has(const std::string& kind) const {
        return std::any_of(findings.begin(), findings.end(), [&](const Finding& f) { return f.kind == kind; });
    }
    template <class... Parts>
    void add(Severity severity, std::string kind, std::string where, const Parts&... parts) {
        findings.push_back({severity, std::move(kind), std::move(where), detail::message(parts...)});
    }
};

/// The diagnosis as text for people: facts, coverage, findings with the gravest first, and the verdict.
IDM_INLINE std::string format_diagnosis(const Diagnosis& diagnosis);

#if !IDM_HAS_COMPILED

IDM_INLINE std::string format_diagnosis(const Diagnosis& diagnosis) {
    std::string out;
    for (const std::string& fact : diagnosis.facts) out += fact + "\n";
    for (const Coverage& c : diagnosis.coverage)
        out += detail::message("  ", c.joint, ": q ", c.q_low, " to ", c.q_high, " rad, qd ", c.qd_low, " to ",
                               c.qd_high, " rad/s, ", static_cast<int>(100 * c.cells + 0.5), " % of (q, qd) visited\n");
    const char* names[] = {"note", "warning", "FAULT"};
    for (const Severity severity : {Severity::fault, Severity::warning, Severity::note})
        for (const Finding& f : diagnosis.findings)
            if (f.severity == severity)
                out +=
                    detail::message(names[static_cast<int>(severity)], ": ", f.kind, ", ", f.where, ": ", f.text, "\n");
    out += diagnosis.fit() ? "fit to train on\n" : "NOT fit to train on\n";
    return out;
}

#endif  // !IDM_HAS_COMPILED

IDM_NAMESPACE_END
