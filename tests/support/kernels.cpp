#define IDM_TEST_COMPILES_KERNELS
#include "support/kernels.hpp"

IDM_TEST_KERNELS(, float)
IDM_TEST_KERNELS(, double)
