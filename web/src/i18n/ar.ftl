### ما تقوله الصفحة، بالعربية.

page-title = Belfry: صورة المدينة المباشرة
language-name = العربية
skip-to-list = انتقل إلى القائمة
settings = الإعدادات
language = اللغة
appearance = المظهر
appearance-system = النظام
appearance-light = فاتح
appearance-dark = داكن
appearance-contrast = تباين عالٍ
sign-out = تسجيل الخروج

link-connecting = جارٍ الاتصال…
link-live = مباشر
link-cut = انقطع الاتصال
link-signIn = لم يُسجَّل الدخول
link-refused = مرفوض
changes-a-second = { $rate } تغييرًا في الثانية

banner-cut = انقطع الاتصال المباشر. ما تراه ليس محدّثًا.
banner-age = آخر ما وصل من الخادم: { $age }.
banner-never = لم يصل شيء من الخادم بعد.
banner-retry = المحاولة التالية بعد { $seconds } ث.
banner-trying = تجري المحاولة الآن…
retry-now = حاول الآن
banner-refused = يرفض الخادم هذا الرمز: { $title }
banner-unlisted = تعذّر تحميل القائمة: { $reason }. تُعاد المحاولة.
banner-too-many = لا يُعرض هنا إلا أول { $shown } من { $total } كيان. كلها متاحة عبر واجهة البرمجة.

search = ابحث بالاسم أو المعرّف أو النوع
type-filter = النوع
all-types = كل الأنواع
counted = { $count ->
    [zero] لا كيانات
    [one] كيان واحد
    [two] كيانان
    [few] { $shown } كيانات
    [many] { $shown } كيانًا
   *[other] { $shown } كيان
}
counted-some = { $shown } من { $total } كيان
list = الكيانات
view-switch = ما يُعرض
view-list = القائمة
view-map = الخريطة
loading = جارٍ التحميل…
nothing-yet = لم يُبلِّغ أحد بعد
nothing-yet-how = أرسل أول كيان فيظهر هنا فورًا:
nothing-found = لا شيء يطابق هذا البحث
clear-search = امسح البحث والتصفية
stale = أقدم من المعتاد

map = خريطة الكيانات
map-no-webgl = تحتاج الخريطة إلى WebGL وهذا المتصفح لا يوفره. في القائمة كل ما كانت الخريطة ستعرضه.
map-failed = تعذّر تشغيل الخريطة. في القائمة كل ما كانت الخريطة ستعرضه.
map-all = اعرض الكل
map-help = مفاتيح الأسهم تحرّك الخريطة، وزائد وناقص للتكبير والتصغير. كل كيان على الخريطة موجود أيضًا في القائمة.
map-nowhere = لا موقع لأي من هذه الكيانات.
map-without-place = { $count } بلا موقع
zoom-in = تكبير
zoom-out = تصغير

close = إغلاق
card-gone = لم يعد هذا الكيان موجودًا.
card-unknown = لا كيان هنا بهذا المعرّف.
show-on-map = أظهره على الخريطة
attributes = الخصائص
relationships = مرتبط بـ
linked-from = مرتبط من
no-attributes = لا خصائص
dataset = مجموعة { $id }
observed = قيس { $age }
stored = تغيّر { $age }
arrived = وصل { $age }
yes = نعم
no = لا
trend = اتجاه { $name }: { $count } قيمة من { $low } إلى { $high }
details = المعرّف والتواريخ
identifier = المعرّف
last-change = آخر تغيير
last-observation = آخر قياس

history = السجل
history-of = الخاصية
range = المدة
range-latest = آخر 100
range-day = 24 ساعة
range-week = 7 أيام
range-month = 30 يومًا
range-year = سنة واحدة
chart-summary = { $name }: { $count } قيمة من { $from } إلى { $to }، الأدنى { $low }، الأعلى { $high }، الأخيرة { $last }
chart-means = متوسطات كل { $period }
period-minutes = 10 دقائق
period-hour = ساعة
period-hours = 6 ساعات
period-day = يوم
show-table = اعرض كجدول
hide-table = أخفِ الجدول
time = الوقت
value = القيمة
history-empty = لا قيم في هذه المدة
history-failed = تعذّرت قراءة السجل: { $reason }

sign-in = تسجيل الدخول
sign-in-why = يطلب هذا الخادم رمزًا. يمكن لمن يشغّله إنشاؤه بالأمر «belfry token».
token = الرمز
token-kept = يُحفظ في هذه النافذة فقط ويُنسى عند إغلاقها.
token-refused = لم يقبل الخادم هذا الرمز.
