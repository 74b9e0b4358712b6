#pragma once

#include <algorithm>
#include <vector>

#include <idm/core/config.hpp>

IDM_NAMESPACE_BEGIN

/// Chooses how many threads work, by what they get done: all of them on a quiet machine, fewer where another program
/// has a processor to itself.
///
/// A static split ends with its slowest thread, and one that shares its processor is away for a scheduler's slice of
/// milliseconds at a time, which is many training steps. Beside one busy neighbour four threads were 2.4 to 2.8 times
/// as slow as on a quiet machine, two threads 1.8 to 1.9 times (four processors, Linux 6.18, gradients in four parts:
/// three threads would wait for the one that has two of them).
///
/// Time goes in slices. Now and then, and at once when a slice got much less done than the one before, the next slice
/// tries half or twice the threads; what gets more done stays. As long as tries fail they become rare.
/// *Cost*: of a quiet training less than one hundredth.
class Pace {
public:
    static constexpr double slice_seconds = 0.02;

    /// `most`: threads to begin with, and never more; the others are half, a quarter, ... of it.
    explicit Pace(int most) {
        for (int threads = most; threads > 1; threads = (threads + 1) / 2) choices_.push_back(threads);
        choices_.push_back(1);
    }

    /// Of the slice that runs.
    int threads() const { return choices_[now_]; }

    /// True while fewer than all get more done.
    bool slowed() const { return best_ > 0; }

    /// Takes note that `work`, in any unit, was done in `seconds`. True at the end of a slice: `threads()` may be
    /// others.
    bool observe(double work, double seconds) {
        work_ += work;
        seconds_ += seconds;
        if (seconds_ < slice_seconds) return false;
        end_slice(work_ / seconds_);
        work_ = seconds_ = 0;
        return true;
    }

private:
    static constexpr int shortest_wait = 2, longest_wait = 64;  // slices between two tries
    static constexpr double clearly_better = 1.05,
                            far_worse = 1.5;  // ratios of rates; a quiet one moves by a few percent

    void end_slice(double rate) {
        if (now_ == best_) {
            const bool disturbed = far_worse * rate < best_rate_;
            best_rate_ = rate;
            if (disturbed || --left_ <= 0) now_ = next_try();
            return;
        }
        if (rate > clearly_better * best_rate_) {
            best_ = now_;
            best_rate_ = rate;
            wait_ = shortest_wait;
        } else {
            now_ = best_;
            wait_ = std::min(2 * wait_, longest_wait);
        }
        left_ = wait_;
    }

    /// The next choice on one side of the best and then on the other, where there is one.
    std::size_t next_try() {
        fewer_ = best_ == 0 || (best_ + 1 < choices_.size() && !fewer_);
        return fewer_ ? std::min(best_ + 1, choices_.size() - 1) : best_ - 1;
    }

    std::vector<int> choices_;  // descending
    std::size_t now_ = 0, best_ = 0;
    double best_rate_ = 0, work_ = 0, seconds_ = 0;
    int wait_ = shortest_wait, left_ = shortest_wait;
    bool fewer_ = false;
};

IDM_NAMESPACE_END
