// What idm::dispatch holds compiled of idm.hpp beyond inference.hpp, in an object of its own: a controller links the
// other one alone.

#include <idm/inference.hpp>  // declared alone, as for everybody

#undef IDM_HAS_COMPILED
#define IDM_HAS_COMPILED 0
#undef IDM_COMPILED_TEMPLATE
#define IDM_COMPILED_TEMPLATE template

#include <idm/idm.hpp>
