### 页面文字，简体中文。

page-title = Belfry：城市实时图景
language-name = 中文
skip-to-list = 跳到列表
settings = 设置
language = 语言
appearance = 外观
appearance-system = 系统
appearance-light = 浅色
appearance-dark = 深色
appearance-contrast = 高对比度
sign-out = 退出登录

link-connecting = 正在连接…
link-live = 实时
link-cut = 已断开
link-signIn = 未登录
link-refused = 被拒绝
changes-a-second = 每秒 { $rate } 次变化

banner-cut = 实时连接已断开，您看到的不是最新数据。
banner-age = 最后一次收到服务器消息：{ $age }。
banner-never = 尚未收到服务器的任何消息。
banner-retry = { $seconds } 秒后重试。
banner-trying = 正在重试…
retry-now = 立即重试
banner-refused = 服务器拒绝了此令牌：{ $title }
banner-unlisted = 无法加载列表：{ $reason }。正在重试。
banner-too-many = 这里只显示 { $total } 个实体中的前 { $shown } 个，其余可通过 API 查询。

search = 按名称、标识或类型搜索
type-filter = 类型
all-types = 所有类型
counted = { $count ->
    [0] 没有实体
   *[other] { $shown } 个实体
}
counted-some = { $total } 个实体中的 { $shown } 个
list = 实体
view-switch = 显示内容
view-list = 列表
view-map = 地图
loading = 正在加载…
nothing-yet = 还没有任何上报
nothing-yet-how = 提交第一个实体，它会立即出现在这里：
nothing-found = 没有符合的结果
clear-search = 清除搜索和筛选
stale = 比往常更久未更新

map = 实体地图
map-no-webgl = 地图需要 WebGL，而此浏览器不支持。列表包含地图上的全部内容。
map-failed = 地图无法启动。列表包含地图上的全部内容。
map-all = 显示全部
map-help = 方向键移动地图，加号和减号缩放。地图上的每个实体也在列表中。
map-nowhere = 这些实体都没有位置。
map-without-place = { $count } 个没有位置
zoom-in = 放大
zoom-out = 缩小

close = 关闭
card-gone = 此实体已不存在。
card-unknown = 这里没有此标识的实体。
show-on-map = 在地图上显示
attributes = 属性
relationships = 关联到
linked-from = 被关联自
no-attributes = 没有属性
dataset = 数据集 { $id }
observed = 测量于{ $age }
stored = 更改于{ $age }
arrived = 收到于{ $age }
yes = 是
no = 否
trend = { $name } 的趋势：{ $count } 个值，从 { $low } 到 { $high }
details = 标识和日期
identifier = 标识
last-change = 最近更改
last-observation = 最近测量

history = 历史
history-of = 属性
range = 时间范围
range-latest = 最近 100 个
range-day = 24 小时
range-week = 7 天
range-month = 30 天
range-year = 1 年
chart-summary = { $name }：{ $from } 至 { $to } 共 { $count } 个值，最低 { $low }，最高 { $high }，最新 { $last }
chart-means = { $period }平均值
period-minutes = 10 分钟
period-hour = 1 小时
period-hours = 6 小时
period-day = 1 天
show-table = 显示为表格
hide-table = 隐藏表格
time = 时间
value = 值
history-empty = 此时间范围内没有值
history-failed = 无法读取历史：{ $reason }

sign-in = 登录
sign-in-why = 此服务器需要令牌。管理员可以用“belfry token”生成。
token = 令牌
token-kept = 它只保存在此标签页中，关闭后即被清除。
token-refused = 服务器未接受此令牌。
