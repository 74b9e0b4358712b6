// What idm::dispatch holds compiled of inference.hpp: bodies, and the templates that idm/compiled/inference.hpp lists.

#define IDM_COMPILES
#include <idm/inference.hpp>
