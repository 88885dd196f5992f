"""A bare rclpy node with the message imports of the bridge, for what they alone cost."""

from __future__ import annotations

import threading

from diagnostic_msgs.msg import DiagnosticArray
import rclpy
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool, Float64MultiArray, String
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory

from .joint_subscriber import executor_of, spin
from .orders import answer, orders

IMPORTED = (
    Bool,
    DiagnosticArray,
    Float64MultiArray,
    JointState,
    JointTrajectory,
    SetBool,
    String,
    Trigger,
)


def main() -> None:
    """Spin until the parent has seen enough."""
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node('bare_node')
    node.create_subscription(JointState, 'joint_states', lambda message: None, 10)
    executor = executor_of('events')
    executor.add_node(node)
    done: Future = Future(executor=executor)

    def obey() -> None:
        for _ in orders():
            pass
        done.set_result(None)

    threading.Thread(target=obey, daemon=True).start()
    answer(ready=True)
    spin(executor, done)
    executor.remove_node(node)
    node.destroy_node()
    rclpy.try_shutdown()


if __name__ == '__main__':
    main()
