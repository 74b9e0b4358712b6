// Compiled with -fstack-usage by check_frames.cmake: every function that a control loop runs.

#include "realtime/loop.hpp"

template class idm::Stream<idm::Cnn1<float>>;
template class idm::Stream<idm::Cnn2<float>>;
template class idm::Stream<idm::Cnn2<double>>;
template class idm::Stream<idm::Cnn2<float, 32, 42, 7>>;
template class idm::Stream<idm::Bf16Weights<idm::Cnn2<float>>>;
template class idm::StreamSwap<idm::Cnn2<float>>;
template class idm::StreamSwap<idm::Bf16Weights<idm::Cnn2<float>>>;

double run(Loop<idm::Cnn2<float>>& loop) {
    auto safe = loop.safe();
    double sum = 0;
    for (int tick = 0; tick < 100; ++tick) sum += static_cast<double>(safe.tick(loop.next(tick))[0]);
    return sum;
}
