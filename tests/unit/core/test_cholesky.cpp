#include <array>
#include <cmath>

#include <idm/core/cholesky.hpp>

#include "support/catch.hpp"

using namespace idm;
using idm::detail::Cholesky;

TEST_CASE("Cholesky solves a system by hand and from its lower half alone") {
    // L = [2 0; 1 3], so A = [4 2; 2 10]; x = [1, -2] gives b = [0, -18].
    Matrix<double> a(2, 2);
    a << 4, 99, 2, 10;
    Cholesky cholesky(2);
    REQUIRE(cholesky.compute(a));
    std::array<double, 2> b{0, -18};
    cholesky.solve_in_place(b);
    CHECK(b[0] == 1);
    CHECK(b[1] == -2);
}

TEST_CASE("Cholesky's inverse of a Hilbert matrix is that of integers") {
    Matrix<double> hilbert(4, 4);
    for (Index i = 0; i < 4; ++i)
        for (Index j = 0; j < 4; ++j) hilbert(i, j) = 1.0 / static_cast<double>(i + j + 1);
    Cholesky cholesky(4);
    REQUIRE(cholesky.compute(hilbert));
    const Matrix<double> inverse = cholesky.solve(Matrix<double>::Identity(4, 4));
    // Savage, Lukacs, "Tables of inverses of finite segments of the Hilbert matrix", 1954.
    Matrix<double> expected(4, 4);
    expected << 16, -120, 240, -140, -120, 1200, -2700, 1680, 240, -2700, 6480, -4200, -140, 1680, -4200, 2800;
    CHECK((inverse - expected).cwiseAbs().maxCoeff() < 1e-9);  // its condition is 1.6e4
}

TEST_CASE("Cholesky refuses a matrix that is not positive definite, NaN too") {
    Matrix<double> a(2, 2);
    a << 1, 2, 2, 1;
    CHECK_FALSE(Cholesky(2).compute(a));
    a << 1, 0, std::nan(""), 1;
    CHECK_FALSE(Cholesky(2).compute(a));
}
