#pragma once

#include <idm/core/config.hpp>

IDM_NAMESPACE_BEGIN

/// Where in its window the filter is evaluated: in the middle (needs future samples) or at the newest sample.
enum class Alignment { centred, causal };

struct SavitzkyGolayConfig {
    Index length = 5;
    Index order = 2;
    Alignment alignment = Alignment::centred;
};

IDM_NAMESPACE_END
