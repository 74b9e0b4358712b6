#pragma once

// Everything, in the order in which the data flows.

#include <idm/inference.hpp>
