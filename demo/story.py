"""What happened to each task of the demo plan: data for `demo.history`. All of it is invented."""

from dataclasses import dataclass
from typing import Literal

Turn = Literal["asked", "declined", "started", "sent", "returned", "resent", "reviewed", "closed"]


@dataclass(frozen=True)
class Chapter:
    """How far a measure's task has come, and in what words.

    `due` counts days from now. `signed` is how many signatures stand after the last report was
    sent; `returned_by` the unit role that sent the first version back. `why` is the reason
    of a return, or of the unit that declines the task.
    """

    turn: Turn
    due: int
    report: str = ""
    why: str = ""
    returned_by: str = "reviewer"
    signed: int = 0
    part: str = ""
    """What the cooperating units contributed; nothing: they were silent."""
    later: int = 0
    """By how many days the unit asks for the deadline to be moved; 0: it doesn't."""
    later_because: str = ""
    later_signed: int = 99
    """How many signatures stand on that."""


CHAPTERS: dict[str, Chapter] = {
    "1": Chapter(
        "sent",
        due=9,
        report=(
            "上半年理论学习中心组安排专题学习两次，新录用人员培训设置固定课时四节。"
            "二十六个支部结合主题党日开展讨论，签到、记录、小结齐全，半年抽查结果已在区内通报。"
        ),
        part="编印学习参考一册，提供宣讲提纲三篇，派员到六个支部参加讨论。",
    ),
    "2": Chapter(
        "resent",
        due=4,
        report=(
            "辖区九所学校把有关内容纳入课堂教学，编写小学、初中、高中三个学段的教学参考。"
            "秋季学期组织参观学习十二次，主题班会覆盖全部班级，征集作文、绘画、短视频共214件。"
        ),
        why="缺高教办提供的班会记录，作品数量与附表不一致。请补齐后再报。",
        signed=3,
        part="已督促九所学校报送班会记录，附汇总表；作品数以汇总表为准。",
    ),
    "3": Chapter(
        "closed",
        due=-20,
        report="组建由二十三人参加的宣讲队，按季度公布课程表，前三季度点单宣讲四十一场。",
    ),
    "4": Chapter(
        "closed",
        due=-45,
        report="九月宣传月期间在广场、商圈和产业园区设宣传点七个，发放读本三千余册，图文总结已存档。",
    ),
    "5": Chapter(
        "started",
        due=-6,
        later=20,
        later_because="两家联办媒体的供稿协议尚在签批，专栏上线相应推迟，申请延期。",
        later_signed=1,
    ),
    "6": Chapter(
        "closed",
        due=-12,
        report="建立新闻应急联络名单，开展联合演练一次，妥善处置涉民族因素网络舆情两起。",
        why="请写明演练的时间和参加单位。",
        returned_by="principal",
        part="参加联合演练，落实值守和信息报送制度。",
    ),
    "7": Chapter(
        "started",
        due=2,
        later=14,
        later_because="年度活动场馆正在检修，两周后方能交付，申请延期两周。",
    ),
    "8": Chapter(
        "reviewed",
        due=6,
        report="整理民间文学四十二篇，支持传承人开展活动九场，组织书法摄影展一次。",
    ),
    "9": Chapter(
        "sent",
        due=15,
        report="创建活动已进学校九所、社区十四个、企业二十一家，确定示范单位培育对象十二个。",
        signed=4,
        part="本单位负责的创建点已逐个走访，资料齐全。",
    ),
    "10": Chapter("started", due=24, part="已建立服务台账，落实专人联系。"),
    "11": Chapter(
        "returned",
        due=-2,
        report="十一个村、二十三个行业组织修订了村规民约和行业规范，完成清真食品专项检查一轮。",
        why="检查只写了次数，请附问题清单和整改情况。",
        returned_by="cooperating",
        part="参加专项检查，提供检查记录。",
    ),
    "12": Chapter("started", due=30),
    "14": Chapter(
        "returned",
        due=5,
        report="培训少数民族干部四期一百二十人次，建立专业技术人才、技能人才名册。",
        why="名册缺基层治理和社会事业局、生态管理办公室的数据；培训请附签到表。",
        part="已报送本单位人才名册。",
    ),
    "15": Chapter("asked", due=20),
}

# Measure 13 has a task for each unit; those not named here have accepted theirs and work on it.
EACH_DUE = 12
EACH: dict[str, Chapter] = {
    "高教办": Chapter("closed", EACH_DUE, "主要负责同志两次专题研究，明确一名分管同志具体抓。"),
    "工商联": Chapter("closed", EACH_DUE, "已将创建工作列入年度要点，分管同志每月调度一次。"),
    "公安分局": Chapter("reviewed", EACH_DUE, "成立专班，形成任务清单和月度例会制度。"),
    "云桥街道": Chapter("closed", EACH_DUE, "街道与六个社区签订责任书，网格员全部参加培训。"),
    "组织人事部": Chapter(
        "sent", EACH_DUE, "部务会三次研究，明确分管同志和联络员，任务分解到科室。", signed=1
    ),
    "经济发展局": Chapter("sent", EACH_DUE, "局长办公会专题研究，专员兼任联络员。", signed=2),
    "新城街道": Chapter(
        "returned",
        EACH_DUE,
        "街道班子会研究一次，任务分到科室。",
        "只有一次研究，没有写明由谁具体抓。请补充。",
        returned_by="principal",
    ),
    "东岭街道": Chapter("asked", EACH_DUE),
    "卫管办": Chapter(
        "declined", EACH_DUE, why="本办人员已并入基层治理和社会事业局，这项任务应由该局承担。"
    ),
}
