#pragma once

#include <idm/kernels/select.hpp>

// The kernels that take longest to compile are compiled once, in kernels.cpp, and not in every file that uses them.
// There they are optimised even where the tests are not.

#define IDM_TEST_KERNELS(how, T)                                                                                       \
    how template void idm::kernels::conv1d_forward<T>(const idm::kernels::ConvShape&, const T*, const T*, const T*,    \
                                                      T*, idm::kernels::Epilogue);                                     \
    how template void idm::kernels::conv1d_transpose_weights<T>(const idm::kernels::ConvShape&, const T*, T*);         \
    how template void idm::kernels::conv1d_backward_input_transposed<T>(const idm::kernels::ConvShape&, const T*,      \
                                                                        const T*, T*);                                 \
    how template void idm::kernels::conv1d_backward_weights<T>(const idm::kernels::ConvShape&, const T*, const T*, T*, \
                                                               T*, bool);                                              \
    how template void idm::kernels::dense_forward<T>(const idm::kernels::DenseShape&, const T*, const T*, const T*,    \
                                                     T*, idm::kernels::Epilogue);                                      \
    how template void idm::kernels::dense_transpose_weights<T>(const idm::kernels::DenseShape&, const T*, T*);         \
    how template void idm::kernels::dense_backward_input_transposed<T>(const idm::kernels::DenseShape&, const T*,      \
                                                                       const T*, T*);                                  \
    how template void idm::kernels::dense_backward_weights<T>(const idm::kernels::DenseShape&, const T*, const T*, T*, \
                                                              T*, bool);                                               \
    how template void idm::kernels::add_accumulate<T>(idm::Index, const T*, T*);                                       \
    how template void idm::kernels::axpby<T>(idm::Index, T, const T*, T, T*);                                          \
    how template void idm::kernels::adam<T>(idm::Index, const idm::kernels::AdamStep<T>&, const T*, T*, T*, T*);

#ifndef IDM_TEST_COMPILES_KERNELS
IDM_TEST_KERNELS(extern, float)
IDM_TEST_KERNELS(extern, double)
#endif
