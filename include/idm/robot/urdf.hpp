#pragma once

// The one header that idm.hpp leaves out: it needs urdfdom. Link the target idm::urdf.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <console_bridge/console.h>
#include <urdf_model/joint.h>
#include <urdf_model/link.h>
#include <urdf_model/model.h>
#include <urdf_parser/urdf_parser.h>
#include <Eigen/Core>
#include <Eigen/Geometry>

#include <idm/core/config.hpp>
#include <idm/core/error.hpp>
#include <idm/robot/serial_chain.hpp>

IDM_NAMESPACE_BEGIN

namespace robot {
namespace detail {

/// Keeps what the parser reports instead of letting it print.
class ParserMessages : public console_bridge::OutputHandler {
public:
    ParserMessages() : before_(console_bridge::getOutputHandler()) { console_bridge::useOutputHandler(this); }
    ParserMessages(const ParserMessages&) = delete;
    ParserMessages& operator=(const ParserMessages&) = delete;
    ~ParserMessages() override { console_bridge::useOutputHandler(before_); }

    void log(const std::string& text, console_bridge::LogLevel, const char*, int) override {
        text_ += (text_.empty() ? "" : "; ") + text;
    }
    const std::string& text() const { return text_; }

private:
    console_bridge::OutputHandler* before_;
    std::string text_;
};

inline Eigen::Isometry3d isometry(const urdf::Pose& pose) {
    const urdf::Rotation& r = pose.rotation;
    Eigen::Isometry3d result(Eigen::Quaterniond(r.w, r.x, r.y, r.z).normalized());
    result.translation() = Eigen::Vector3d(pose.position.x, pose.position.y, pose.position.z);
    return result;
}

/// Roll, pitch and yaw of R = Rz(yaw) Ry(pitch) Rx(roll), exact at a pitch of 90 degrees too: roll is what is left of R
/// once yaw is taken off.
inline std::array<double, 3> roll_pitch_yaw(const Eigen::Matrix3d& r) {
    const double yaw = std::atan2(r(1, 0), r(0, 0)), c = std::cos(yaw), s = std::sin(yaw);
    return {std::atan2(s * r(0, 2) - c * r(1, 2), c * r(1, 1) - s * r(0, 1)),
            std::atan2(-r(2, 0), c * r(0, 0) + s * r(1, 0)), yaw};
}

/// Bodies that move as one.
class RigidBody {
public:
    /// A link whose frame is at `frame` in the body's; nothing where the link has no inertial element.
    void add(const urdf::Link& link, const Eigen::Isometry3d& frame) {
        if (!link.inertial) return;
        const urdf::Inertial& i = *link.inertial;
        const Eigen::Isometry3d at = frame * isometry(i.origin);
        Eigen::Matrix3d tensor;
        tensor << i.ixx, i.ixy, i.ixz, i.ixy, i.iyy, i.iyz, i.ixz, i.iyz, i.izz;
        parts_.push_back({i.mass, at.translation(), at.linear() * tensor * at.linear().transpose()});
    }

    bool empty() const { return parts_.empty(); }

    /// Mass, centre of mass and inertia about it, by the parallel axis theorem.
    void write(Joint& joint) const {
        Eigen::Vector3d moment = Eigen::Vector3d::Zero();
        for (const Part& part : parts_) {
            joint.mass += part.mass;
            moment += part.mass * part.com;
        }
        const Eigen::Vector3d com = joint.mass > 0 ? Eigen::Vector3d(moment / joint.mass) : parts_.front().com;
        Eigen::Matrix3d sum = Eigen::Matrix3d::Zero();
        for (const Part& part : parts_) {
            const Eigen::Vector3d d = part.com - com;
            sum += part.inertia + part.mass * (d.squaredNorm() * Eigen::Matrix3d::Identity() - d * d.transpose());
        }
        joint.com = {com.x(), com.y(), com.z()};
        joint.inertia = {sum(0, 0), sum(1, 1), sum(2, 2), sum(0, 1), sum(0, 2), sum(1, 2)};
    }

private:
    struct Part {
        double mass;
        Eigen::Vector3d com;
        Eigen::Matrix3d inertia;
    };
    std::vector<Part> parts_;
};

/// Collects the joints of a chain, from its base outwards.
class ChainBuilder {
public:
    /// `path`: the links from the base's child to the tip.
    explicit ChainBuilder(const std::vector<urdf::LinkConstSharedPtr>& path) {
        for (std::size_t i = 0; i < path.size(); ++i) {
            const urdf::Joint& joint = *path[i]->parent_joint;
            frame_ = frame_ * isometry(joint.parent_to_joint_origin_transform);
            if (joint.type != urdf::Joint::FIXED) begin_body(joint);
            if (joints_.empty()) continue;  // still at rest with the base
            body_.add(*path[i], frame_);
            if (i + 1 < path.size()) add_branches(*path[i], path[i + 1]->parent_joint->name, frame_);
        }
        finish_body();
    }

    std::vector<Joint> take() { return std::move(joints_); }

private:
    void begin_body(const urdf::Joint& from) {
        finish_body();
        name_ = from.name;
        const bool turns = from.type == urdf::Joint::REVOLUTE || from.type == urdf::Joint::CONTINUOUS;
        idm::detail::require<DataError>(turns || from.type == urdf::Joint::PRISMATIC, "joint '", name_,
                                        "': expected revolute, continuous, prismatic or fixed, got another type; a "
                                        "serial chain has no planar or floating joints");
        idm::detail::require<DataError>(!from.mimic, "joint '", name_,
                                        "' mimics another; a serial chain has "
                                        "independent joints only");
        Joint joint;
        joint.type = turns ? JointType::revolute : JointType::prismatic;
        const Eigen::Vector3d at = frame_.translation();
        joint.xyz = {at.x(), at.y(), at.z()};
        joint.rpy = roll_pitch_yaw(frame_.linear());
        joint.axis = {from.axis.x, from.axis.y, from.axis.z};
        if (from.limits) {
            const auto limit = [](double value) { return value > 0 ? value : std::numeric_limits<double>::infinity(); };
            joint.qd_max = limit(from.limits->velocity);
            joint.tau_max = limit(from.limits->effort);
            if (from.type != urdf::Joint::CONTINUOUS) {
                joint.q_min = from.limits->lower;
                joint.q_max = from.limits->upper;
            }
        }
        if (from.dynamics) {
            joint.viscous = from.dynamics->damping;
            joint.coulomb = from.dynamics->friction;
        }
        joints_.push_back(joint);
        frame_.setIdentity();
    }

    void finish_body() {
        if (joints_.empty()) return;
        idm::detail::require<DataError>(!body_.empty(), "joint '", name_,
                                        "' moves a link without inertia; expected an "
                                        "<inertial> element in it or in what is "
                                        "fixed to it");
        body_.write(joints_.back());
        body_ = {};
    }

    /// What hangs on a link beside the chain moves with it.
    void add_branches(const urdf::Link& link, const std::string& on_path, const Eigen::Isometry3d& frame) {
        for (const auto& child : link.child_links) {
            const urdf::Joint& joint = *child->parent_joint;
            if (joint.name == on_path) continue;
            idm::detail::require<DataError>(joint.type == urdf::Joint::FIXED, "not a chain: joint '", joint.name,
                                            "' branches off link '", link.name,
                                            "' and moves; fix it in the file or end the chain at that link");
            const Eigen::Isometry3d at = frame * isometry(joint.parent_to_joint_origin_transform);
            body_.add(*child, at);
            add_branches(*child, "", at);
        }
    }

    std::vector<Joint> joints_;
    std::string name_;                                         // of the last joint
    RigidBody body_;                                           // that it moves
    Eigen::Isometry3d frame_ = Eigen::Isometry3d::Identity();  // of the link at hand, in that body's
};

inline urdf::LinkConstSharedPtr find_link(const urdf::ModelInterface& model, const std::string& name) {
    if (const urdf::LinkConstSharedPtr link = model.getLink(name)) return link;
    std::string names;
    for (const auto& [known, link] : model.links_) names += (names.empty() ? "" : ", ") + known;
    idm::detail::raise<DataError>("no link is named '", name, "'; the robot has ", names);
}

}  // namespace detail

/// Reads the chain from `base_link`, which is taken as fixed, to `tip_link` out of a URDF file.
///
/// Revolute, continuous and prismatic joints become the chain's; what a fixed joint holds, beside the chain too, adds
/// its inertia to the link that carries it. What lies beyond the tip is left out. Damping is viscous friction, friction
/// Coulomb's. A velocity or effort limit of 0 counts as none. URDF has no limit of acceleration and no rotor inertia.
///
/// *Units*: the file's are SI. Gravity acts along the base's -z.
/// *Errors*: `FileError` for a file that can't be read or is no URDF, with the parser's words; `DataError` when there
/// is no such link, the tip does not lie below the base, no joint between them moves, a joint is planar, floating or a
/// mimic, a moving side branch makes it no chain, or a moving link has no inertia; `ConfigError` as `SerialChain`.
/// *Threads*: one call at a time: the parser's messages go through a global.
/// *Source*: wiki.ros.org/urdf/XML/joint and wiki.ros.org/urdf/XML/link.
inline SerialChain read_urdf(const std::filesystem::path& path, const std::string& base_link,
                             const std::string& tip_link) {
    idm::detail::require<FileError>(std::ifstream(path).good(), "can't read '", path.string(), "'");
    urdf::ModelInterfaceSharedPtr model;
    {
        const detail::ParserMessages messages;
        model = urdf::parseURDFFile(path.string());
        idm::detail::require<FileError>(model != nullptr, "'", path.string(),
                                        "' is no valid URDF file: ", messages.text());
    }
    const urdf::LinkConstSharedPtr base = detail::find_link(*model, base_link);
    std::vector<urdf::LinkConstSharedPtr> links;
    for (urdf::LinkConstSharedPtr link = detail::find_link(*model, tip_link); link != base; link = link->getParent()) {
        idm::detail::require<DataError>(link->getParent() != nullptr, "not a chain: link '", tip_link,
                                        "' does not lie below '", base_link, "'");
        links.push_back(link);
    }
    std::reverse(links.begin(), links.end());
    std::vector<Joint> joints = detail::ChainBuilder(links).take();
    idm::detail::require<DataError>(!joints.empty(), "no joint between '", base_link, "' and '", tip_link,
                                    "' moves; expected at least one");
    return SerialChain(std::move(joints));
}

}  // namespace robot

IDM_NAMESPACE_END
