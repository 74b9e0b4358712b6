#include <idm/core/config.hpp>
