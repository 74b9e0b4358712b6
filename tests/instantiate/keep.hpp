#pragma once

// The files of this folder make every public template of the library, whole, for float and for double: what no test
// calls is compiled all the same. check.sh of this folder says which are missing.

namespace idm_test {

/// Taking a function template's address makes its code; the volatile read keeps the optimiser from dropping it again.
template <class... F>
void keep(F... function) {
    (..., static_cast<void>(*const_cast<F volatile*>(&function)));
}

}  // namespace idm_test
