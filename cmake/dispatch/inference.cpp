// Of models, streams and weights files, what idm/compiled/inference.hpp lists.

#include <idm/inference.hpp>
