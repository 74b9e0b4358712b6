#include <idm/core/shape.hpp>

idm::Extent<-2> extent;
