#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

#include <idm/kernels/select.hpp>
#include <idm/layers/conv1d.hpp>

IDM_NAMESPACE_BEGIN

/// y = net(x) + skip(x). The net's last layer with parameters starts at zero, hence the sum as the skip alone.
///
/// *Shapes*: net and skip give the same [N, L_out, C_out]; parameters under `net.` and `skip.`.
/// *Errors*: `ShapeError` when they give different shapes (a compile error where the extents are static).
/// *Cost*: both and 2 N L_out C_out flop; no allocation.
template <class Net, class Skip>
class Sum : public LayerDefaults {
public:
    static constexpr bool stores_gradient = true;
    static constexpr bool is_causal = Net::is_causal && Skip::is_causal;
    static constexpr bool pads_input = Net::pads_input || Skip::pads_input;

    constexpr Sum() = default;
    constexpr Sum(Net net, Skip skip) : net_(net), skip_(skip) {}

    constexpr const Net& net() const { return net_; }
    constexpr const Skip& skip() const { return skip_; }

    template <class In>
    constexpr auto output_shape(const In& in) const {
        const auto out = net_.output_shape(in);
        const auto other = skip_.output_shape(in);
        using A = std::remove_const_t<decltype(out)>;
        using B = std::remove_const_t<decltype(other)>;
        static_assert(fits(A::static_length, B::static_length) && fits(A::static_channels, B::static_channels),
                      "Sum: net and skip must give the same shape");
        detail::require<ShapeError>(out.length() == other.length() && out.channels() == other.channels(),
                                    "Sum: expected a skip that gives the net's shape [", out.length(), ", ",
                                    out.channels(), "], got [", other.length(), ", ", other.channels(), "]");
        return out;
    }
    template <class In>
    constexpr Index parameter_count(const In& in) const {
        return net_size(in) + skip_.parameter_count(in);
    }
    template <class In>
    void list_parameters(const In& in, Index offset, const std::string& prefix, std::vector<ParameterInfo>& out) const {
        const std::size_t begin = out.size();
        net_.list_parameters(in, offset, prefix + "net.", out);
        if (out.size() > begin) {
            const std::string last = out.back().name.substr(0, out.back().name.rfind('.') + 1);
            for (std::size_t i = begin; i < out.size(); ++i)
                if (out[i].name.rfind(last, 0) == 0) out[i].initial = 0;
        }
        skip_.list_parameters(in, offset + net_size(in), prefix + "skip.", out);
    }
    template <class In>
    constexpr Index history(const In& in) const {
        return std::max(net_.history(in), skip_.history(in));
    }
    template <class In>
    constexpr kernels::Halo input_halo(const In& in) const {
        const kernels::Halo a = net_.input_halo(in), b = skip_.input_halo(in);
        return {std::max(a.left, b.left), std::max(a.right, b.right)};
    }
    template <class In>
    constexpr kernels::Halo gradient_halo(const In& in) const {
        return net_.gradient_halo(in);
    }
    template <class T, class In>
    constexpr Index memory_size(const In& in, Index capacity, Mode mode) const {
        return Parts<In>(*this, in, capacity, mode).size() + net_memory<T>(in, capacity, mode) +
               skip_.template memory_size<T>(in, capacity, mode);
    }
    template <class T, class In>
    constexpr Index scratch_size(const In& in, Index capacity, Mode mode) const {
        return std::max(net_.template scratch_size<T>(in, capacity, mode),
                        skip_.template scratch_size<T>(in, capacity, mode));
    }

    /// Its backward pass is `backward`.
    template <class T, class In>
    void forward(const In& in, const Forward<T>& p) const {
        const Parts<In> parts(*this, in, p.capacity, p.mode);
        Forward<T> net = p, skip = p;
        net.y = {p.memory, parts.out};
        net.memory = p.memory + parts.size();
        net.random = p.random.of_layer(0);
        net_.forward(in, net);
        skip.y = {p.memory + parts.value, parts.out};
        skip.parameters = p.parameters + net_size(in);
        skip.memory = net.memory + net_memory<T>(in, p.capacity, p.mode);
        skip.random = p.random.of_layer(1);
        skip_.forward(in, skip);
        for (Index n = 0; n < p.samples; ++n) {
            std::copy_n(net.y.sample(n), parts.out, p.y.sample(n));
            kernels::add_accumulate(parts.out, static_cast<const T*>(skip.y.sample(n)), p.y.sample(n));
        }
    }

    /// The gradient of `forward`: d_x = the net's + the skip's, each of the same d_y.
    template <class T, class In>
    void backward(const In& in, const Backward<T>& p) const {
        const Parts<In> parts(*this, in, p.capacity, p.mode);
        Backward<T> net = p, skip = p;
        skip.y = {p.memory + parts.value, parts.out};
        skip.d_y = {p.memory + 2 * parts.value + parts.before, parts.gradient_stride};
        // The net may overwrite d_y, so the skip takes its copy first.
        for (Index n = 0; n < p.samples; ++n) std::copy_n(p.d_y.sample(n), parts.out, skip.d_y.sample(n));
        net.y = {p.memory, parts.out};
        net.memory = p.memory + parts.size();
        detail::backward_of(net_, in, net);
        if (p.d_x.data) skip.d_x = {p.memory + 2 * parts.value + parts.gradient, in.size()};
        skip.parameters = p.parameters + net_size(in);
        skip.d_parameters_accumulate = p.d_parameters_accumulate + net_size(in);
        skip.memory = net.memory + net_memory<T>(in, p.capacity, p.mode);
        detail::backward_of(skip_, in, skip);
        if (!p.d_x.data) return;
        for (Index n = 0; n < p.samples; ++n)
            kernels::add_accumulate(in.size(), static_cast<const T*>(skip.d_x.sample(n)), p.d_x.sample(n));
    }

    std::string name() const { return "Sum"; }
    template <class In>
    void describe(const In& in, Index depth, std::vector<LayerRow>& rows) const {
        const auto out = output_shape(in);
        rows.push_back({"Sum: net", depth, out.length(), out.channels(), 0});
        detail::describe_layer(net_, in, depth + 1, rows);
        rows.push_back({"+ skip", depth, out.length(), out.channels(), 0});
        detail::describe_layer(skip_, in, depth + 1, rows);
    }

private:
    static constexpr bool fits(Index a, Index b) { return a == dynamic || b == dynamic || a == b; }

    /// Where things lie at the begin of the memory: the net's y and the skip's (their backward passes may read them),
    /// the skip's d_y with the zeros that it reads around it, its d_x.
    template <class In>
    struct Parts {
        Index out, value, before, gradient_stride, gradient = 0, d_x = 0;

        constexpr Parts(const Sum& sum, const In& in, Index capacity, Mode mode) {
            const auto shape = sum.net_.output_shape(in);
            const kernels::Halo halo = sum.skip_.gradient_halo(in);
            out = shape.size();
            value = round_up_16(capacity * out);
            before = halo.left * shape.channels();
            gradient_stride = before + out + halo.right * shape.channels();
            if (mode == Mode::inference) return;
            gradient = round_up_16(capacity * gradient_stride);
            d_x = round_up_16(capacity * in.size());
        }
        constexpr Index size() const { return 2 * value + gradient + d_x; }
    };

    template <class In>
    constexpr Index net_size(const In& in) const {
        return round_up_16(net_.parameter_count(in));
    }
    template <class T, class In>
    constexpr Index net_memory(const In& in, Index capacity, Mode mode) const {
        return round_up_16(net_.template memory_size<T>(in, capacity, mode));
    }

    [[no_unique_address]] Net net_;
    [[no_unique_address]] Skip skip_;
};

/// Linear in the whole window, [L, C] -> [1, C_out]: a Conv1D with as many taps as the window has steps, which is a
/// Dense behind a Flatten and streams and trains on chunks too.
///
/// *Shapes*: x [N, kernel, C], y [N, 1, C_out]; parameters `weight` [C_out, C, kernel], `bias` [C_out].
template <Index Out = dynamic, Index Kernel = dynamic>
class WindowLinear : public Conv1D<Out, Kernel> {
public:
    static constexpr bool reads_whole_window = true;

    using Conv1D<Out, Kernel>::Conv1D;

    std::string name() const {
        return detail::message("WindowLinear(", this->out_channels(), ", k", this->kernel(), ")");
    }
    /// Its value at every step of a chunk, from step kernel - 1 on.
    constexpr auto every_step() const {
        return Conv1D<Out, Kernel, Padding::causal>(this->out_channels(), this->kernel());
    }
};

IDM_NAMESPACE_END
