#pragma once

// Our chains in the terms of Orocos KDL.

#include <array>
#include <kdl/chain.hpp>
#include <kdl/chainidsolver_recursive_newton_euler.hpp>
#include <vector>

#include <idm/robot/serial_chain.hpp>

namespace idm_test {

inline KDL::Vector kdl_vector(const std::array<double, 3>& v) { return {v[0], v[1], v[2]}; }

/// KDL states a joint in its parent's frame, the inertia in the link's own, and reads `inertia` as a rotor's.
inline KDL::Chain kdl_chain(const idm::robot::SerialChain& chain) {
    KDL::Chain out;
    for (const idm::robot::Joint& joint : chain.joints()) {
        const KDL::Frame frame(KDL::Rotation::RPY(joint.rpy[0], joint.rpy[1], joint.rpy[2]), kdl_vector(joint.xyz));
        const auto type = joint.type == idm::robot::JointType::prismatic ? KDL::Joint::TransAxis : KDL::Joint::RotAxis;
        const KDL::Joint moved("", frame.p, frame.M * kdl_vector(joint.axis), type, 1, 0, joint.rotor_inertia);
        const auto& i = joint.inertia;
        const KDL::RigidBodyInertia body(joint.mass, kdl_vector(joint.com),
                                         KDL::RotationalInertia(i.xx, i.yy, i.zz, i.xy, i.xz, i.yz));
        out.addSegment(KDL::Segment("", moved, frame, body));
    }
    return out;
}

inline std::vector<idm::robot::Joint> without_friction(const idm::robot::SerialChain& chain) {
    std::vector<idm::robot::Joint> joints(chain.joints().begin(), chain.joints().end());
    for (idm::robot::Joint& joint : joints) joint.viscous = joint.coulomb = joint.stribeck = 0;
    return joints;
}

}  // namespace idm_test
