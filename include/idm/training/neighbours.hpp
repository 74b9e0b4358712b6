#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include <idm/core/buffer.hpp>
#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/core/parallel.hpp>
#include <idm/core/tensor.hpp>
#include <idm/training/useful_threads.hpp>

// References that learn nothing. A model that does not beat them has not learnt the dynamics.

IDM_NAMESPACE_BEGIN

/// Predicts the mean of the training targets everywhere: nMSE 1, more where the test set's mean lies elsewhere.
///
/// *Errors*: `DataError` without training rows.
template <class T>
Matrix<T> mean_prediction(const Matrix<T>& train_targets, Index rows) {
    detail::require<DataError>(train_targets.rows() > 0, "expected training rows for the mean, got none");
    const Eigen::Matrix<double, 1, Eigen::Dynamic> mean = train_targets.template cast<double>().colwise().mean();
    return mean.template cast<T>().replicate(rows, 1);
}

namespace detail {

/// Rows transposed in blocks of `width`, [block][column][row in block]: a distance loop's lanes run over rows. The last
/// block is filled up with rows at infinity, which are nobody's neighbour.
template <class T>
class NeighbourBlocks {
public:
    static constexpr Index width = 32;

    explicit NeighbourBlocks(const Matrix<T>& rows)
        : count_((rows.rows() + width - 1) / width), columns_(rows.cols()), data_(count_ * rows.cols() * width) {
        data_.fill(std::numeric_limits<T>::infinity());
        for (Index row = 0; row < rows.rows(); ++row)
            for (Index column = 0; column < columns_; ++column)
                data_[((row / width) * columns_ + column) * width + row % width] = rows(row, column);
    }
    Index count() const { return count_; }
    const T* block(Index i) const { return data_.data() + i * columns_ * width; }

private:
    Index count_, columns_;
    Buffer<T> data_;
};

template <class T>
struct Neighbour {
    T distance = std::numeric_limits<T>::infinity();
    Index row = -1;
};

/// Squared distances from `query` to the rows of one block, then merged into the sorted list `nearest`. Rows come in
/// ascending order and only a smaller distance displaces, so of equal distances the lower row stays in front.
template <class T>
void merge_block(const T* block, Index block_index, const T* query, Index columns, std::vector<Neighbour<T>>& nearest) {
    using Lanes = Eigen::Array<T, NeighbourBlocks<T>::width, 1>;
    Lanes distance = Lanes::Zero();
    for (Index column = 0; column < columns; ++column)
        distance += (Eigen::Map<const Lanes>(block + column * distance.size()) - query[column]).square();
    for (Index lane = 0; lane < distance.size(); ++lane) {
        if (!(distance[lane] < nearest.back().distance)) continue;
        auto place = nearest.end() - 1;
        for (; place != nearest.begin() && distance[lane] < (place - 1)->distance; --place) *place = *(place - 1);
        *place = {distance[lane], block_index * distance.size() + lane};
    }
}

template <class T>
void require_neighbour_shapes(const Matrix<T>& inputs, const Matrix<T>& targets, const Matrix<T>& queries, int k) {
    require<ConfigError>(k > 0 && k <= inputs.rows(), "expected k in [1, ", inputs.rows(), " training rows], got ", k);
    require<ShapeError>(inputs.rows() == targets.rows(), "expected one target row per training row (", inputs.rows(),
                        "), got ", targets.rows());
    require<ShapeError>(inputs.cols() == queries.cols(), "expected queries with ", inputs.cols(),
                        " columns as in training, got ", queries.cols());
    require<DataError>(inputs.allFinite() && queries.allFinite(),
                       "expected finite inputs for the neighbour search, got NaN or infinity");
}

}  // namespace detail

/// Predicts the mean target of the `k` nearest training rows: Euclidean distance between single time steps, so give it
/// normalised inputs. Of rows at equal distance the lower row number wins.
///
/// *Shapes*: `train_inputs` [M, C], `train_targets` [M, J], `queries` [N, C]; result [N, J].
/// *Errors*: `ConfigError` unless 1 <= k <= M; `ShapeError` if rows or columns do not fit; `DataError` for NaN;
/// `NumericError` if distances overflow.
/// *Cost*: N M C. The difference is squared lane by lane instead of expanding |x|^2 - 2xy + |y|^2 into a matrix
/// product: that product loses the small distances to cancellation, and copies of a row would no longer tie.
/// *Threads*: queries are shared out over `threads` (0: all), fewer for little work; the result does not depend on
/// them.
template <class T>
Matrix<T> nearest_neighbour_prediction(const Matrix<T>& train_inputs, const Matrix<T>& train_targets,
                                       const Matrix<T>& queries, int k = 3, int threads = 0) {
    detail::require_neighbour_shapes(train_inputs, train_targets, queries, k);
    const detail::NeighbourBlocks<T> blocks(train_inputs);
    const Index columns = queries.cols();
    Matrix<T> out(queries.rows(), train_targets.cols());
    // A training block stays in the first-level cache (36 columns: 4.6 kB) while this many queries pass over it.
    constexpr Index group = 16;
    const Index work = queries.rows() * train_inputs.rows() * columns;
    parallel(detail::useful_threads(work, threads, queries.rows()), [&](const Team& team) {
        const Range mine = team.share(queries.rows());
        std::vector<std::vector<detail::Neighbour<T>>> nearest(group);
        for (Index first = mine.begin; first < mine.end; first += group) {
            const Index count = std::min(group, mine.end - first);
            for (auto& list : nearest) list.assign(static_cast<std::size_t>(k), {});
            for (Index block = 0; block < blocks.count(); ++block)
                for (Index i = 0; i < count; ++i)
                    detail::merge_block(blocks.block(block), block, queries.data() + (first + i) * columns, columns,
                                        nearest[static_cast<std::size_t>(i)]);
            for (Index i = 0; i < count; ++i) {
                Eigen::Matrix<double, 1, Eigen::Dynamic> sum =
                    Eigen::Matrix<double, 1, Eigen::Dynamic>::Zero(train_targets.cols());
                for (const auto& neighbour : nearest[static_cast<std::size_t>(i)]) {
                    detail::require<NumericError>(neighbour.row >= 0, "the distances of query row ", first + i,
                                                  " overflow; normalise the inputs");
                    sum += train_targets.row(neighbour.row).template cast<double>();
                }
                out.row(first + i) = (sum / k).template cast<T>();
            }
        }
    });
    return out;
}

IDM_NAMESPACE_END
