"""温度换算工具。"""


def fahrenheit(celsius: float) -> float:
    return celsius * 9 / 5 + 32


# 把华氏温度转换为摄氏温度的函数
