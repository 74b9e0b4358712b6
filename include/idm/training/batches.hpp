#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include <idm/core/random.hpp>
#include <idm/core/tensor.hpp>
#include <idm/core/workspace.hpp>
#include <idm/data/dataset.hpp>
#include <idm/data/window.hpp>
#include <idm/layers/network.hpp>
#include <idm/training/loss.hpp>

// What a training step is made of: items to learn from, and how one is loaded and scored. Both kinds meet the same
// form:
//   network()                      what runs forward and backward
//   begin_epoch(random)            draws the epoch's items in their random order
//   items()                        their number
//   most_items()                   the largest number that any epoch draws
//   targets(item)                  how many targets an item has
//   weight(item)                   the sum of their rows' weights
//   load(item, rows, sample)       fills an input row block
//   loss(item, scale, y, d_y)      adds up the weighted loss of its targets, writes scale * d(sum)/dy

IDM_NAMESPACE_BEGIN
namespace detail {

/// The sum of weight * loss over rows [row, row + rows) of a data set; writes d = scale * d(sum)/dy.
template <class T>
double weighted_loss(const Loss<T>& loss, const Dataset<T>& data, Index row, Index rows, const T* y, T scale, T* d) {
    const Index outputs = data.targets.cols();
    const T* target = data.targets.data() + row * outputs;
    if (data.row_weights.empty()) return loss(rows, y, target, scale, d);
    double sum = 0;
    for (Index i = 0; i < rows * outputs; i += outputs, ++row) {
        const double weight = data.row_weight(row);
        if (weight > 0)
            sum += weight * loss(1, y + i, target + i, scale * static_cast<T>(weight), d + i);
        else
            std::fill_n(d + i, outputs, T(0));  // 0 * NaN would be NaN
    }
    return sum;
}

/// One window for each target.
template <class T, class Net>
class WindowBatches {
public:
    WindowBatches(const Net& network, const Dataset<T>& data, std::span<const Segment> segments,
                  const LossConfig& loss = {})
        : network_(&network),
          data_(&data),
          loss_(data.targets.cols(), loss),
          rows_(window_rows(segments, network.input_shape().length(), data.recipe.ahead, idm::Rows::full,
                            data.recipe.horizon)) {}

    const Net& network() const { return *network_; }
    void begin_epoch(Random& random) { random.shuffle(std::span(rows_)); }
    Index items() const { return static_cast<Index>(rows_.size()); }
    Index most_items() const { return items(); }
    Index targets(Index) const { return 1; }
    double weight(Index item) const { return data_->row_weight(at(item).row); }
    void load(Index item, BatchView<T> x, Index sample) const {
        gather_window(data_->inputs, at(item), network_->input_shape().length(), data_->recipe.ahead, x.sample(sample));
    }
    double loss(Index item, T scale, const T* y, T* d_y) const {
        return weighted_loss(loss_, *data_, at(item).row, 1, y, scale, d_y);
    }

private:
    const WindowRow& at(Index item) const { return rows_[static_cast<std::size_t>(item)]; }

    const Net* network_;
    const Dataset<T>* data_;
    Loss<T> loss_;
    std::vector<WindowRow> rows_;
};

/// Chunks of consecutive rows with the loss at every target: a causal network then computes each row once, not once
/// for each window that holds it. The same function and the same targets as `WindowBatches`, in another order.
template <class T, class Net>
class SequenceBatches {
public:
    /// `sequence` is the network over `history() + chunk` rows, with an output for each or for the last `chunk` alone.
    SequenceBatches(const Net& sequence, const Dataset<T>& data, std::span<const Segment> segments, Index window,
                    const LossConfig& loss = {})
        : network_(&sequence),
          data_(&data),
          loss_(data.targets.cols(), loss),
          segments_(segments.begin(), segments.end()),
          window_(window),
          history_(sequence.history()),
          chunk_(sequence.input_shape().length() - history_) {
        // The same checks and messages.
        (void)window_rows(segments_, window, data.recipe.ahead, idm::Rows::full, data.recipe.horizon);
        tile(0);
        most_items_ = items() + static_cast<Index>(segments_.size());
    }

    const Net& network() const { return *network_; }
    /// Lays the chunks anew from a random offset, so that each epoch cuts the rows elsewhere.
    void begin_epoch(Random& random) {
        tile(static_cast<Index>(random.below(static_cast<std::uint64_t>(chunk_))));
        random.shuffle(std::span(chunks_));
    }
    Index items() const { return static_cast<Index>(chunks_.size()); }
    /// An offset of the cuts adds at most one chunk to each segment.
    Index most_items() const { return most_items_; }
    Index targets(Index item) const { return at(item).targets; }
    double weight(Index item) const {
        const Chunk& chunk = at(item);
        double sum = 0;
        for (Index i = 0; i < chunk.targets; ++i) sum += data_->row_weight(chunk.row + i);
        return sum;
    }
    void load(Index item, BatchView<T> x, Index sample) const {
        const Chunk& chunk = at(item);
        const Index channels = data_->inputs.cols();
        // Behind a short chunk lies stale data of no influence: the network is causal and has no loss there.
        const Index rows = history_ + chunk.targets;
        std::copy_n(data_->inputs.data() + (chunk.row + data_->recipe.ahead - history_) * channels, rows * channels,
                    x.sample(sample));
    }
    double loss(Index item, T scale, const T* y, T* d_y) const {
        const Chunk& chunk = at(item);
        const Index outputs = data_->targets.cols(), size = chunk.targets * outputs;
        const Index before = (network_->output_shape().length() - chunk_) * outputs;
        std::fill_n(d_y, before, T(0));
        std::fill_n(d_y + before + size, (chunk_ - chunk.targets) * outputs, T(0));
        return weighted_loss(loss_, *data_, chunk.row, chunk.targets, y + before, scale, d_y + before);
    }

private:
    struct Chunk {
        Index row;      // of the first target
        Index targets;  // at most chunk_
    };

    const Chunk& at(Index item) const { return chunks_[static_cast<std::size_t>(item)]; }
    void tile(Index offset) {
        chunks_.clear();
        for (const Segment& segment : segments_) {
            const Index first = segment.begin + std::max<Index>(window_ - 1 - data_->recipe.ahead, 0);
            const Index end = segment.end - rows_behind(data_->recipe);
            for (Index row = first - offset; row < end; row += chunk_) {
                const Index from = std::max(row, first), to = std::min(row + chunk_, end);
                if (from < to) chunks_.push_back({from, to - from});
            }
        }
    }

    const Net* network_;
    const Dataset<T>* data_;
    Loss<T> loss_;
    std::vector<Segment> segments_;
    Index window_, history_, chunk_;
    std::vector<Chunk> chunks_;
    Index most_items_ = 0;
};

}  // namespace detail
IDM_NAMESPACE_END
